"""Add a beneficiary: whom payouts can be for."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.answers import PayoutAnswers
from application.ports.beneficiaries import AccountNumbers, BeneficiaryBook
from application.ports.journal import Answer, Journal, Keep, Resume
from application.ports.world import World
from domain.beneficiaries import Beneficiary, BeneficiaryState, BeneficiaryType
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ids import BeneficiaryId, Prefix, public_id
from domain.money import Currency


class AddBeneficiary(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account, and how it is named: an IBAN, a bank and a number, or a wallet's number."""

    type: BeneficiaryType
    name: str
    currency: Currency
    country: str | None = None
    iban: str | None = None
    bic: str | None = None
    account_number: str | None = None
    bank_code: str | None = None
    reference: str | None = None
    metadata: dict[str, str] = {}

    def __repr__(self) -> str:
        """Show what kind of account, never whose."""
        return f"AddBeneficiary({self.type}, {self.country})"


@dataclass(frozen=True, slots=True)
class AddBeneficiaryHandler:
    """The policy.

    - An IBAN and a BIC are checked by their rules; the IBAN's country is the beneficiary's.
    - A beneficiary is never changed: for another account another one is added, and the old one archived.
    """

    book: BeneficiaryBook
    numbers: AccountNumbers
    journal: Journal
    answers: PayoutAnswers
    world: World

    async def __call__(self, command: AddBeneficiary, call: Call) -> Answer:
        """Add it, or give the earlier answer of the call's key. Raises VAL_FIELD, naming what is missing or wrong."""
        moment = self.world.moment()
        country, iban, bic = self._account(command)
        beneficiary = Beneficiary(
            tenant_id=call.tenant_id,
            id=BeneficiaryId(moment.new_id()),
            version=1,
            state=BeneficiaryState.ACTIVE,
            type=command.type,
            name=command.name,
            country=country,
            currency=command.currency,
            iban=iban,
            bic=bic,
            account_number=command.account_number,
            bank_code=command.bank_code,
            reference=command.reference,
            metadata=command.metadata,
            created_at=moment.now,
            updated_at=moment.now,
        )
        audit = call.audit("beneficiary.added", public_id(Prefix.BENEFICIARY, beneficiary.id), moment)
        made = await self.book.add(call.tenant_id, beneficiary, audit=audit, claim=call.claim(beneficiary.id))
        if isinstance(made, Answer):
            return made
        added = await self._earlier(call, made.resource_id) if isinstance(made, Resume) else made
        answer = self.answers.beneficiary(added)
        kept = call.kept(answer)
        return await self.journal.keep_answer(call.tenant_id, kept) if isinstance(kept, Keep) else answer

    async def _earlier(self, call: Call, beneficiary_id: UUID) -> Beneficiary:
        return await self.book.get(call.tenant_id, BeneficiaryId(beneficiary_id))

    def _account(self, command: AddBeneficiary) -> tuple[str, str | None, str | None]:
        """Give the country, and the IBAN and BIC in full where the account has them. Raises VAL_FIELD."""
        if command.type is BeneficiaryType.IBAN:
            if command.iban is None:
                raise _fault("/iban", "is required for this type")
            if command.account_number is not None or command.bank_code is not None:
                raise _fault("/account_number", "an IBAN says it already")
            account = self.numbers.checked(command.iban, command.bic)
            if command.country not in (None, account.country):
                raise _fault("/country", f"the IBAN is of {account.country}")
            return account.country, account.iban, account.bic
        if command.iban is not None or command.bic is not None:
            raise _fault("/iban", "is only for type iban")
        if command.account_number is None:
            raise _fault("/account_number", "is required for this type")
        if command.type is BeneficiaryType.ACCOUNT and command.bank_code is None:
            raise _fault("/bank_code", "is required for this type")
        if command.country is None:
            raise _fault("/country", "is required for this type")
        return command.country, None, None


def _fault(pointer: str, detail: str) -> MediatorError:
    return MediatorError(VAL_FIELD, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))
