"""What callers say and are told of beneficiaries and payouts."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.payouts.get_payout import PayoutHistory
from application.ports.answers import PayoutAnswers
from application.ports.journal import Answer
from domain.beneficiaries import Beneficiary, BeneficiaryState, BeneficiaryType
from domain.errors import MoneyState
from domain.ids import Prefix, public_id
from domain.money import AMOUNT_MAX
from domain.payments import OperationState
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout, PayoutOperation, PayoutState
from entrypoints.http.shapes import (
    CurrencyCode,
    EntryOut,
    Instant,
    MinorUnits,
    TimelineEntryOut,
    entry_out,
    timeline_out,
    utc,
)
from entrypoints.http.words import CurrencyIn, Line, Metadata

JSON = "application/json"
OK, CREATED = 200, 201

NumberIn = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}\Z", description="1 to 64 characters.")]
NameIn = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f\s](?:[^\x00-\x1f\x7f]{0,138}[^\x00-\x1f\x7f\s])?\Z",
        description="Name of the account's holder, as the bank knows it; at most 140 characters.",
    ),
]
PayoutCountryIn = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2.", examples=["NP"])]
PayoutAmountIn = Annotated[
    int, Meta(ge=1, le=AMOUNT_MAX, description="Minor units: 100 is 1.00 EUR, 100 JPY, 0.100 KWD.")
]
PublicId = Annotated[str, Meta(pattern=r"^[a-z]{3}_[0-9a-f]{32}\Z")]


class AddBeneficiaryIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose account it is, and how it is named."""

    type: Annotated[
        BeneficiaryType,
        Meta(
            description="iban: by its IBAN; account: by bank code and account number; wallet: by the wallet's number."
        ),
    ]
    name: NameIn
    currency: CurrencyIn
    country: Annotated[PayoutCountryIn | None, Meta(description="Required unless an IBAN says it.")] = None
    iban: Annotated[NumberIn | None, Meta(description="ISO 13616; blanks do not matter.")] = None
    bic: Annotated[NumberIn | None, Meta(description="ISO 9362; found by the IBAN where that is possible.")] = None
    account_number: NumberIn | None = None
    bank_code: NumberIn | None = None
    reference: Annotated[Line | None, Meta(description="Your own reference; beneficiaries can be listed by it.")] = None
    metadata: Metadata = {}

    def __repr__(self) -> str:
        """Show what kind of account, never whose."""
        return f"AddBeneficiaryIn({self.type}, {self.country})"


class BeneficiarySummaryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A beneficiary in a list: of its account number only the last four characters."""

    id: Annotated[str, Meta(examples=["ben_0198c5a0b1c27d3e8f00112233445566"])]
    state: BeneficiaryState
    type: BeneficiaryType
    name: str
    country: str
    currency: CurrencyCode
    account: Annotated[str, Meta(description="The number, all but its last four characters hidden.")]
    reference: str | None
    created_at: Instant


class BeneficiaryOut(BeneficiarySummaryOut, frozen=True, kw_only=True):
    """A beneficiary with its account number in full."""

    iban: str | None
    bic: str | None
    account_number: str | None
    bank_code: str | None
    metadata: dict[str, str]
    updated_at: Instant


class BeneficiaryPageOut(msgspec.Struct, frozen=True):
    """A page of beneficiaries, newest first."""

    data: tuple[BeneficiarySummaryOut, ...]
    next_cursor: str | None


ProviderAccountIn = Annotated[
    str, Meta(pattern=r"^pac_[0-9a-f]{32}\Z", examples=["pac_0198c5a0b1c27d3e8f00112233445566"])
]


class CreatePayoutIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to pay out, and to whom."""

    amount: PayoutAmountIn
    currency: CurrencyIn
    beneficiary_id: Annotated[
        str, Meta(pattern=r"^ben_[0-9a-f]{32}\Z", examples=["ben_0198c5a0b1c27d3e8f00112233445566"])
    ]
    requires_approval: Annotated[bool, Meta(description="Send it only when somebody has approved it.")] = False
    provider_account_id: Annotated[
        ProviderAccountIn | None, Meta(description="Insist on this account; the first that can send it if null.")
    ] = None
    reference: Annotated[Line | None, Meta(description="Your own reference; payouts can be listed by it.")] = None
    description: Annotated[Line | None, Meta(description="What the beneficiary may be told.")] = None
    metadata: Metadata = {}


class PayoutSummaryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A payout in a list."""

    id: Annotated[str, Meta(examples=["pyo_0198c5a0b1c27d3e8f00112233445566"])]
    state: Annotated[PayoutState, Meta(description="`sent`: the provider has it; only `completed` says it arrived.")]
    amount: MinorUnits
    currency: CurrencyCode
    beneficiary_id: str
    provider: str
    provider_account_id: str
    requires_approval: bool
    reference: str | None
    description: str | None
    failure_code: str | None
    failure_message: str | None
    created_by: Annotated[str, Meta(description="Who created it.")]
    decided_by: Annotated[str | None, Meta(description="Who approved or denied it.")]
    decided_at: Instant | None
    sent_at: Instant | None
    completed_at: Instant | None
    given_back_at: Annotated[Instant | None, Meta(description="When the money was back in what is available.")]
    metadata: dict[str, str]
    version: Annotated[int, Meta(description="Grows with every change of the payout.")]
    created_at: Instant
    updated_at: Instant


class PayoutOut(PayoutSummaryOut, frozen=True, kw_only=True):
    """A payout as it stands."""

    money_state: MoneyState


class PayoutPageOut(msgspec.Struct, frozen=True):
    """A page of payouts, newest first."""

    data: tuple[PayoutSummaryOut, ...]
    next_cursor: str | None


class PayoutOperationOut(msgspec.Struct, frozen=True, kw_only=True):
    """A payout's call to its provider: one key, however often it is sent."""

    id: str
    state: OperationState
    amount: MinorUnits
    key: Annotated[str, Meta(description="The outbound idempotency key.")]
    sends: int
    provider_reference: str | None
    code: str | None
    queries: int
    next_step_at: Instant | None
    created_at: Instant
    updated_at: Instant


class PayoutDetailOut(PayoutOut, frozen=True, kw_only=True):
    """A payout with its whole story."""

    operations: tuple[PayoutOperationOut, ...]
    entries: tuple[EntryOut, ...]
    timeline: tuple[TimelineEntryOut, ...]


class JsonPayoutAnswers(PayoutAnswers):
    """Payouts and beneficiaries as JSON."""

    def payout(self, payout: PayoutDossier, *, made: bool) -> Answer:
        """Tell a payout."""
        location = f"/v1/payouts/{public_id(Prefix.PAYOUT, payout.payout.id)}"
        body = msgspec.json.encode(payout_out(payout))
        return Answer(CREATED, JSON, body, location) if made else Answer(OK, JSON, body)

    def beneficiary(self, beneficiary: Beneficiary) -> Answer:
        """Tell a beneficiary."""
        location = f"/v1/beneficiaries/{public_id(Prefix.BENEFICIARY, beneficiary.id)}"
        return Answer(CREATED, JSON, msgspec.json.encode(beneficiary_out(beneficiary)), location)


def beneficiary_summary_out(beneficiary: Beneficiary) -> BeneficiarySummaryOut:
    """Show a beneficiary in a list."""
    return BeneficiarySummaryOut(**_beneficiary_fields(beneficiary))  # type: ignore[arg-type]  # fields by name


def beneficiary_out(beneficiary: Beneficiary) -> BeneficiaryOut:
    """Show a beneficiary in full."""
    return BeneficiaryOut(
        **_beneficiary_fields(beneficiary),  # type: ignore[arg-type]  # fields by name
        iban=beneficiary.iban,
        bic=beneficiary.bic,
        account_number=beneficiary.account_number,
        bank_code=beneficiary.bank_code,
        metadata=beneficiary.metadata,
        updated_at=utc(beneficiary.updated_at),
    )


def _beneficiary_fields(beneficiary: Beneficiary) -> dict[str, object]:
    return {
        "id": public_id(Prefix.BENEFICIARY, beneficiary.id),
        "state": beneficiary.state,
        "type": beneficiary.type,
        "name": beneficiary.name,
        "country": beneficiary.country,
        "currency": beneficiary.currency,
        "account": beneficiary.masked_account,
        "reference": beneficiary.reference,
        "created_at": utc(beneficiary.created_at),
    }


def payout_out(dossier: PayoutDossier) -> PayoutOut:
    """Show a payout."""
    return PayoutOut(**_payout_fields(dossier.payout), money_state=dossier.money_state)  # type: ignore[arg-type]  # fields by name


def payout_summary_out(payout: Payout) -> PayoutSummaryOut:
    """Show a payout in a list."""
    return PayoutSummaryOut(**_payout_fields(payout))  # type: ignore[arg-type]  # fields by name


def payout_detail_out(history: PayoutHistory) -> PayoutDetailOut:
    """Show a payout with its whole story."""
    dossier = history.dossier
    return PayoutDetailOut(
        **_payout_fields(dossier.payout),  # type: ignore[arg-type]  # fields by name
        money_state=dossier.money_state,
        operations=() if dossier.operation is None else (payout_operation_out(dossier.operation),),
        entries=tuple(entry_out(entry) for entry in history.entries),
        timeline=tuple(timeline_out(event) for event in history.events),
    )


def payout_operation_out(operation: PayoutOperation) -> PayoutOperationOut:
    """Show the call to the provider."""
    return PayoutOperationOut(
        id=public_id(Prefix.OPERATION, operation.id),
        state=operation.state,
        amount=operation.amount_minor,
        key=operation.key,
        sends=operation.sends,
        provider_reference=operation.provider_reference,
        code=operation.code,
        queries=operation.queries,
        next_step_at=None if operation.next_step_at is None else utc(operation.next_step_at),
        created_at=utc(operation.created_at),
        updated_at=utc(operation.updated_at),
    )


def _payout_fields(payout: Payout) -> dict[str, object]:
    moments = {
        name: None if (moment := getattr(payout, name)) is None else utc(moment)
        for name in ("decided_at", "sent_at", "completed_at", "given_back_at", "created_at", "updated_at")
    }
    return moments | {
        "id": public_id(Prefix.PAYOUT, payout.id),
        "state": payout.state,
        "amount": payout.amount_minor,
        "currency": payout.currency,
        "beneficiary_id": public_id(Prefix.BENEFICIARY, payout.beneficiary_id),
        "provider": payout.provider,
        "provider_account_id": public_id(Prefix.PROVIDER_ACCOUNT, payout.provider_account_id),
        "requires_approval": payout.requires_approval,
        "reference": payout.reference,
        "description": payout.description,
        "failure_code": payout.failure_code,
        "failure_message": payout.failure_message,
        "created_by": payout.created_by,
        "decided_by": payout.decided_by,
        "metadata": payout.metadata,
        "version": payout.version,
    }
