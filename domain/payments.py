"""A payment, its attempts and its provider operations: the states they may have, and the only moves between them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.errors import STATE_CONFLICT, MediatorError
from domain.ids import AttemptId, HoldId, OperationId, PaymentId, ProviderAccountId, RefundId, TenantId
from domain.money import Currency, Money
from domain.providers import Decline, OperationKind


class CaptureMode(StrEnum):
    """Whether the provider takes the money with the authorization, or when we say so."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class PaymentState(StrEnum):
    """The public state of a payment (money.md §3). Refunded and disputed are amounts, not states."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"
    NEEDS_REVIEW = "needs_review"


class AttemptState(StrEnum):
    """The state of one attempt at one provider (money.md §3)."""

    INITIATED = "initiated"
    READY = "ready"
    SENDING = "sending"
    NOT_SENT = "not_sent"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"
    ABANDONED = "abandoned"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    VOIDING = "voiding"
    VOIDED = "voided"
    AUTH_EXPIRED = "auth_expired"
    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    MISSING_AT_PROVIDER = "missing_at_provider"


LIVE_ATTEMPT_STATES = frozenset(
    {
        AttemptState.INITIATED,
        AttemptState.READY,
        AttemptState.SENDING,
        AttemptState.REQUIRES_ACTION,
        AttemptState.PENDING,
        AttemptState.AUTHORIZED,
        AttemptState.CAPTURING,
        AttemptState.VOIDING,
        AttemptState.UNKNOWN,
    }
)
"""A payment has at most one attempt in these states: unknown counts as live, so nothing is sent elsewhere."""

_A = AttemptState
_ANSWERS = frozenset({_A.REQUIRES_ACTION, _A.PENDING, _A.AUTHORIZED, _A.SUCCEEDED, _A.DECLINED})
ATTEMPT_MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    _A.INITIATED: frozenset({_A.READY}),
    _A.READY: frozenset({_A.SENDING}),
    _A.SENDING: _ANSWERS | {_A.NOT_SENT, _A.UNKNOWN, _A.MISSING_AT_PROVIDER},
    _A.REQUIRES_ACTION: _ANSWERS | {_A.SENDING, _A.ABANDONED, _A.VOIDING, _A.UNKNOWN},
    _A.PENDING: _ANSWERS | {_A.VOIDING, _A.UNKNOWN},
    _A.AUTHORIZED: frozenset({_A.CAPTURING, _A.VOIDING, _A.AUTH_EXPIRED}),
    # A capture of a part, or one that the provider refused, leaves the rest authorized.
    _A.CAPTURING: frozenset({_A.SUCCEEDED, _A.AUTHORIZED, _A.UNKNOWN}),
    # A refused void leaves what was there before it.
    _A.VOIDING: frozenset(
        {_A.VOIDED, _A.SUCCEEDED, _A.AUTHORIZED, _A.REQUIRES_ACTION, _A.PENDING, _A.DECLINED, _A.UNKNOWN}
    ),
    _A.UNKNOWN: _ANSWERS | {_A.VOIDED, _A.MISSING_AT_PROVIDER, _A.CAPTURING, _A.VOIDING},
}
"""The only moves of an attempt. A state without an entry is an end; only `corrected_to` leaves it."""


class OperationState(StrEnum):
    """What is known of one call to a provider: under way, or one of the outcomes of money.md §2."""

    SENDING = "sending"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    ACCEPTED_PENDING = "accepted_pending"
    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    MISSING = "missing"


OPEN_OPERATION_STATES = frozenset({OperationState.SENDING, OperationState.ACCEPTED_PENDING, OperationState.UNKNOWN})
"""Operations whose effect is not known yet: the resolver asks until they leave these states."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """The intent to take money once, and how far it has come. Amounts are minor units of `currency`.

    `authorized_minor` is what may be captured in all; `captured_minor` what was taken; `refunded_minor` what was
    given back or is on its way back. `payment_methods` are the tokens of single providers, by their names; elsewhere
    `payment_method` is used. With `action_fields` the customer's browser posts them to `action_url`.
    """

    tenant_id: TenantId
    id: PaymentId
    version: int
    state: PaymentState
    currency: Currency
    amount_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    capture_mode: CaptureMode
    provider: str
    provider_account_id: ProviderAccountId
    payment_method: str
    payment_methods: dict[str, str]
    reference: str | None
    description: str | None
    return_url: str | None
    action_url: str | None
    action_fields: dict[str, str] | None
    failure_code: str | None
    failure_message: str | None
    metadata: dict[str, str]
    hold_id: HoldId
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)

    @property
    def capturable(self) -> Money:
        """What is authorized and not captured yet."""
        return Money(max(self.authorized_minor - self.captured_minor, 0), self.currency)

    @property
    def refundable(self) -> Money:
        """What was captured and is neither given back nor on its way back."""
        return Money(self.captured_minor - self.refunded_minor, self.currency)

    @property
    def token(self) -> str:
        """The payment method's token at the present provider."""
        return self.payment_methods.get(self.provider, self.payment_method)

    def __repr__(self) -> str:
        """Show who and where, never the payment method or the customer's words."""
        return f"Payment({self.id}, {self.state}, {self.amount})"


class PaymentAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a payment at one provider account, under the configuration that was in force when it began."""

    tenant_id: TenantId
    id: AttemptId
    payment_id: PaymentId
    version: int
    number: int
    state: AttemptState
    provider: str
    provider_account_id: ProviderAccountId
    config_version: int
    provider_reference: str | None
    decline_code: str | None
    created_at: datetime
    updated_at: datetime

    def moved_to(self, *states: AttemptState, now: datetime, provider_reference: str | None = None) -> "PaymentAttempt":
        """Walk through these states in order. Raises STATE_CONFLICT at the first move that the machine forbids."""
        state = self.state
        for wanted in states:
            if wanted != state and wanted not in ATTEMPT_MOVES.get(state, frozenset()):
                raise MediatorError(STATE_CONFLICT, f"An attempt that is {state} cannot become {wanted}.")
            state = wanted
        reference = provider_reference or self.provider_reference
        return msgspec.structs.replace(self, state=state, provider_reference=reference, updated_at=now)

    def corrected_to(self, state: AttemptState, *, now: datetime, provider_reference: str | None) -> "PaymentAttempt":
        """Leave an end state because the provider proved us wrong; the caller keeps the evidence in the event."""
        reference = provider_reference or self.provider_reference
        return msgspec.structs.replace(self, state=state, provider_reference=reference, updated_at=now)


class ProviderOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a provider: its outbound idempotency key is stored before anything is sent.

    `send_by` ends the right to send (UTC): whoever wakes up later must not send any more. `next_query_at` is when the
    resolver asks next; None when there is nothing left to ask. `config_version` is that of the provider account's
    configuration under which it was sent, and is asked about.
    """

    tenant_id: TenantId
    id: OperationId
    payment_id: PaymentId
    attempt_id: AttemptId
    refund_id: RefundId | None
    version: int
    kind: OperationKind
    state: OperationState
    key: str
    config_version: int
    currency: Currency
    amount_minor: int
    final: bool
    provider_reference: str | None
    code: str | None
    decline: Decline | None
    detail: str | None
    queries: int
    send_by: datetime
    next_query_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What the operation moves."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether its effect is not known yet."""
        return self.state in OPEN_OPERATION_STATES
