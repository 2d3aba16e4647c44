"""What the API says: payments, refunds, attempts, entries and accounts, in the form that callers depend on."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from application.payments.get_payment import PaymentHistory
from application.ports.ledger import AccountView
from application.ports.payments import BookedEntry
from domain.dossier import Dossier
from domain.errors import MoneyState
from domain.events import Event, tag_of
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.money_state import money_state
from domain.payments import (
    AttemptState,
    CaptureMode,
    OperationState,
    Payment,
    PaymentAttempt,
    PaymentState,
    ProviderOperation,
)
from domain.providers import OperationKind
from domain.refunds import Refund, RefundState
from domain.timeline import told

EXACT_MAX = 2**53 - 1

MinorUnits = Annotated[int, Meta(description="Minor units of the currency: 100 is 1.00 EUR, 100 JPY, 0.100 KWD.")]
BigMinorUnits = Annotated[
    int | str, Meta(description="Minor units of the currency; a string of digits above 9,007,199,254,740,991.")
]
CurrencyCode = Annotated[str, Meta(description="ISO 4217 alphabetic code.", examples=["EUR"])]
Instant = Annotated[datetime, Meta(description="ISO 8601, UTC.", tz=True)]


class NextActionType(StrEnum):
    """How the customer's browser gets to where it must go."""

    REDIRECT = "redirect"
    FORM_POST = "form_post"


class NextActionOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer must do: be redirected to `url`, or post the form `fields` there."""

    type: NextActionType
    url: str
    fields: dict[str, str]


class PaymentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it stands."""

    id: Annotated[
        str, Meta(description="Identifier of the payment.", examples=["pay_0198c5a0b1c27d3e8f00112233445566"])
    ]
    state: PaymentState
    money_state: MoneyState
    amount: MinorUnits
    currency: CurrencyCode
    amount_authorized: MinorUnits
    amount_capturable: MinorUnits
    amount_captured: MinorUnits
    amount_refunded: MinorUnits
    amount_refundable: MinorUnits
    capture_mode: CaptureMode
    provider: str
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    return_url: str | None
    action_url: Annotated[
        str | None, Meta(description="Where the customer must go, while the state is requires_action.")
    ]
    next_action: Annotated[
        NextActionOut | None, Meta(description="What the customer must do, while the state is requires_action.")
    ]
    failure_code: str | None
    failure_message: str | None
    version: Annotated[int, Meta(description="Grows with every change of the payment.")]
    created_at: Instant
    updated_at: Instant


class RefundOut(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as it stands."""

    id: Annotated[str, Meta(description="Identifier of the refund.", examples=["ref_0198c5a0b1c27d3e8f00112233445566"])]
    payment_id: str
    state: RefundState
    money_state: MoneyState
    amount: MinorUnits
    currency: CurrencyCode
    reason: str | None
    failure_code: str | None
    created_at: Instant
    updated_at: Instant


class OperationOut(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a provider, and what is known of it."""

    id: str
    kind: OperationKind
    state: OperationState
    amount: MinorUnits
    config_version: Annotated[int, Meta(description="The version of the provider account under which it is sent.")]
    code: str | None
    queries: Annotated[int, Meta(description="How often the provider was asked what became of it.")]
    next_query_at: Instant | None
    created_at: Instant
    updated_at: Instant


class AttemptOut(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one provider, with its calls."""

    id: str
    number: int
    state: AttemptState
    provider: str
    provider_account_id: str
    provider_reference: str | None
    decline_code: str | None
    operations: tuple[OperationOut, ...]
    created_at: Instant
    updated_at: Instant


class EntryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a booking."""

    id: Annotated[str, Meta(description="Transaction and line, as in ltx_0198…_1.")]
    transaction_id: str
    kind: Annotated[str, Meta(description="What was booked: transfer, capture, refund, ...")]
    payment_id: str | None
    refund_id: str | None
    account_id: str
    account: Annotated[str, Meta(description="The account's code.")]
    direction: Direction
    amount: BigMinorUnits
    currency: CurrencyCode
    balance: Annotated[BigMinorUnits, Meta(description="Posted on the account after it, on the account's normal side.")]
    account_version: Annotated[int, Meta(description="The account's version with it; grows with every entry.")]
    reference: Annotated[str | None, Meta(description="The reference of its transaction.")]
    effective_at: Instant
    recorded_at: Instant


class TimelineEntryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, told in a sentence."""

    id: str
    at: Instant
    event: Annotated[str, Meta(description="Stable name of what happened.", examples=["payment.captured"])]
    description: Annotated[str, Meta(description="What happened to the money.")]


class PaymentDetailOut(PaymentOut, frozen=True, kw_only=True):
    """A payment with its attempts, its refunds, its postings and its timeline."""

    attempts: tuple[AttemptOut, ...]
    refunds: tuple[RefundOut, ...]
    entries: tuple[EntryOut, ...]
    timeline: tuple[TimelineEntryOut, ...]


class PaymentSummaryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in a list."""

    id: str
    state: PaymentState
    amount: MinorUnits
    currency: CurrencyCode
    amount_captured: MinorUnits
    amount_refunded: MinorUnits
    capture_mode: CaptureMode
    provider: str
    reference: str | None
    failure_code: str | None
    version: int
    created_at: Instant
    updated_at: Instant


class PaymentPageOut(msgspec.Struct, frozen=True):
    """A page of payments, newest first. `next_cursor` is null on the last page."""

    data: tuple[PaymentSummaryOut, ...]
    next_cursor: str | None


class EntryPageOut(msgspec.Struct, frozen=True):
    """A page of entries, newest first. `next_cursor` is null on the last page."""

    data: tuple[EntryOut, ...]
    next_cursor: str | None


class BalanceOut(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, on its normal side.

    `posted` is booked; `pending` is posted plus what open holds would bring; `available` is posted less what open
    holds may take; `at_risk` is the part of the open holds whose outcome nobody knows yet.
    """

    account_id: str
    account: str
    currency: CurrencyCode
    normal_balance: Direction
    posted: BigMinorUnits
    pending: BigMinorUnits
    available: BigMinorUnits
    at_risk: BigMinorUnits
    posted_debits: BigMinorUnits
    posted_credits: BigMinorUnits
    pending_debits: BigMinorUnits
    pending_credits: BigMinorUnits
    version: int


class BalancePageOut(msgspec.Struct, frozen=True):
    """A page of balances in the order in which the accounts were opened. `next_cursor` is null on the last page."""

    data: tuple[BalanceOut, ...]
    next_cursor: str | None


def payment_out(dossier: Dossier) -> PaymentOut:
    """Show a payment."""
    return PaymentOut(**_payment_fields(dossier))  # type: ignore[arg-type]  # fields by name


def payment_detail_out(history: PaymentHistory) -> PaymentDetailOut:
    """Show a payment with its whole story."""
    dossier = history.dossier
    return PaymentDetailOut(
        **_payment_fields(dossier),  # type: ignore[arg-type]  # fields by name
        attempts=tuple(attempt_out(attempt, dossier) for attempt in dossier.attempts),
        refunds=tuple(refund_out(refund, dossier) for refund in dossier.refunds),
        entries=tuple(entry_out(entry) for entry in history.entries),
        timeline=tuple(timeline_out(event) for event in history.events),
    )


def _payment_fields(dossier: Dossier) -> dict[str, object]:
    payment = dossier.payment
    return {
        "id": public_id(Prefix.PAYMENT, payment.id),
        "state": payment.state,
        "money_state": money_state(dossier),
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "amount_authorized": payment.authorized_minor,
        "amount_capturable": payment.capturable.minor,
        "amount_captured": payment.captured_minor,
        "amount_refunded": payment.refunded_minor,
        "amount_refundable": payment.refundable.minor,
        "capture_mode": payment.capture_mode,
        "provider": payment.provider,
        "reference": payment.reference,
        "description": payment.description,
        "metadata": payment.metadata,
        "return_url": payment.return_url,
        "action_url": payment.action_url,
        "next_action": next_action_out(payment),
        "failure_code": payment.failure_code,
        "failure_message": payment.failure_message,
        "version": payment.version,
        "created_at": utc(payment.created_at),
        "updated_at": utc(payment.updated_at),
    }


def next_action_out(payment: Payment) -> NextActionOut | None:
    """Show what the customer must do."""
    if payment.action_url is None:
        return None
    kind = NextActionType.REDIRECT if payment.action_fields is None else NextActionType.FORM_POST
    return NextActionOut(type=kind, url=payment.action_url, fields=payment.action_fields or {})


def payment_summary_out(payment: Payment) -> PaymentSummaryOut:
    """Show a payment in a list."""
    return PaymentSummaryOut(
        id=public_id(Prefix.PAYMENT, payment.id),
        state=payment.state,
        amount=payment.amount_minor,
        currency=payment.currency,
        amount_captured=payment.captured_minor,
        amount_refunded=payment.refunded_minor,
        capture_mode=payment.capture_mode,
        provider=payment.provider,
        reference=payment.reference,
        failure_code=payment.failure_code,
        version=payment.version,
        created_at=utc(payment.created_at),
        updated_at=utc(payment.updated_at),
    )


def refund_out(refund: Refund, dossier: Dossier) -> RefundOut:
    """Show a refund; its money is unknown while its operation is in doubt."""
    operation = next((one for one in reversed(dossier.operations) if one.refund_id == refund.id), None)
    in_doubt = operation is not None and operation.state in (OperationState.SENDING, OperationState.UNKNOWN)
    by_state = {
        RefundState.PENDING: MoneyState.UNKNOWN if in_doubt else MoneyState.HELD,
        RefundState.SUCCEEDED: MoneyState.MOVED,
        RefundState.FAILED: MoneyState.NONE,
        RefundState.NEEDS_REVIEW: MoneyState.UNKNOWN,
    }
    return RefundOut(
        id=public_id(Prefix.REFUND, refund.id),
        payment_id=public_id(Prefix.PAYMENT, refund.payment_id),
        state=refund.state,
        money_state=by_state[refund.state],
        amount=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        failure_code=refund.failure_code,
        created_at=utc(refund.created_at),
        updated_at=utc(refund.updated_at),
    )


def attempt_out(attempt: PaymentAttempt, dossier: Dossier) -> AttemptOut:
    """Show an attempt with its calls to the provider."""
    return AttemptOut(
        id=public_id(Prefix.ATTEMPT, attempt.id),
        number=attempt.number,
        state=attempt.state,
        provider=attempt.provider,
        provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, attempt.provider_account_id),
        provider_reference=attempt.provider_reference,
        decline_code=attempt.decline_code,
        operations=tuple(operation_out(one) for one in dossier.operations if one.attempt_id == attempt.id),
        created_at=utc(attempt.created_at),
        updated_at=utc(attempt.updated_at),
    )


def operation_out(operation: ProviderOperation) -> OperationOut:
    """Show a call to a provider."""
    return OperationOut(
        id=public_id(Prefix.OPERATION, operation.id),
        kind=operation.kind,
        state=operation.state,
        amount=operation.amount_minor,
        config_version=operation.config_version,
        code=operation.code,
        queries=operation.queries,
        next_query_at=None if operation.next_query_at is None else utc(operation.next_query_at),
        created_at=utc(operation.created_at),
        updated_at=utc(operation.updated_at),
    )


def entry_out(entry: BookedEntry) -> EntryOut:
    """Show an entry."""
    transaction_id = public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id)
    return EntryOut(
        id=f"{transaction_id}_{entry.line}",
        transaction_id=transaction_id,
        kind=entry.kind,
        payment_id=None if entry.payment_id is None else public_id(Prefix.PAYMENT, entry.payment_id),
        refund_id=None if entry.refund_id is None else public_id(Prefix.REFUND, entry.refund_id),
        account_id=public_id(Prefix.LEDGER_ACCOUNT, entry.account_id),
        account=entry.account_code,
        direction=Direction(entry.direction),
        amount=exact(entry.amount_minor),
        currency=entry.currency,
        balance=exact(entry.balance_minor),
        account_version=entry.account_version,
        reference=entry.reference,
        effective_at=utc(entry.effective_at),
        recorded_at=utc(entry.recorded_at),
    )


def timeline_out(event: Event) -> TimelineEntryOut:
    """Show what happened."""
    return TimelineEntryOut(
        id=public_id(Prefix.EVENT, event.event_id), at=utc(event.at), event=tag_of(event), description=told(event)
    )


def balance_out(account: AccountView) -> BalanceOut:
    """Show how an account stands (formula: see `BalanceOut`)."""
    debits, credits_ = account.posted_debits, account.posted_credits
    coming, going = account.pending_debits, account.pending_credits
    if account.normal_balance == Direction.CREDIT:
        debits, credits_, coming, going = credits_, debits, going, coming
    posted = debits - credits_
    return BalanceOut(
        account_id=public_id(Prefix.LEDGER_ACCOUNT, account.id),
        account=account.code,
        currency=account.currency,
        normal_balance=Direction(account.normal_balance),
        posted=exact(posted),
        pending=exact(posted + coming - going),
        available=exact(posted - going),
        at_risk=exact(account.at_risk),
        posted_debits=exact(account.posted_debits),
        posted_credits=exact(account.posted_credits),
        pending_debits=exact(account.pending_debits),
        pending_credits=exact(account.pending_credits),
        version=account.version,
    )


def exact(minor: int) -> int | str:
    """Write minor units so that every JSON reader keeps them exact (RFC 8259 §6)."""
    return minor if abs(minor) <= EXACT_MAX else str(minor)


def utc(moment: datetime) -> datetime:
    """Say a moment in UTC."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
