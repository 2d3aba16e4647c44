"""A payout and its operation at a provider: the states they may have, and the only moves between them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.errors import STATE_CONFLICT, MediatorError
from domain.ids import BeneficiaryId, HoldId, OperationId, PayoutId, ProviderAccountId, TenantId
from domain.money import Currency, Money
from domain.payments import OPEN_OPERATION_STATES, OperationState
from domain.providers import Decline


class PayoutState(StrEnum):
    """The public state of a payout (money.md §3). `sent` says that the provider has it, not that it arrived."""

    CREATED = "created"
    REQUIRES_APPROVAL = "requires_approval"
    APPROVED = "approved"
    PROCESSING = "processing"
    SENT = "sent"
    COMPLETED = "completed"
    FAILED = "failed"
    RETURNED = "returned"
    REVERSED = "reversed"
    CANCELLED = "cancelled"
    DENIED = "denied"
    NEEDS_REVIEW = "needs_review"


_P = PayoutState
_TOLD = frozenset({_P.SENT, _P.COMPLETED, _P.FAILED, _P.RETURNED, _P.REVERSED, _P.NEEDS_REVIEW})
PAYOUT_MOVES: dict[PayoutState, frozenset[PayoutState]] = {
    _P.CREATED: frozenset({_P.PROCESSING, _P.CANCELLED}),
    _P.REQUIRES_APPROVAL: frozenset({_P.APPROVED, _P.DENIED, _P.CANCELLED}),
    _P.APPROVED: frozenset({_P.PROCESSING, _P.CANCELLED}),
    # Cancelled only while it is proved that nothing of it was sent.
    _P.PROCESSING: _TOLD | {_P.CANCELLED},
    _P.SENT: _TOLD - {_P.SENT},
    _P.COMPLETED: frozenset({_P.RETURNED, _P.REVERSED, _P.NEEDS_REVIEW}),
    # We had concluded that it never arrived at the provider, and were wrong; or the provider says both.
    _P.FAILED: frozenset({_P.SENT, _P.COMPLETED, _P.RETURNED, _P.REVERSED, _P.NEEDS_REVIEW}),
    _P.NEEDS_REVIEW: _TOLD | {_P.PROCESSING},
    # Cancelled as never sent: if the provider has it all the same, a person must look.
    _P.CANCELLED: frozenset({_P.NEEDS_REVIEW}),
}
"""The only moves of a payout. A state without an entry is an end."""

SENDABLE_STATES = frozenset({_P.CREATED, _P.APPROVED})
"""Payouts that a worker may begin to send."""

UNSENT_OPERATION_STATES = frozenset({OperationState.NOT_SENT, OperationState.MISSING})
"""Operations of which it is proved that the provider has nothing: the same key may be sent again."""


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """An order to send money to a beneficiary once, and how far it has come. Amounts are minor units of `currency`.

    The money is held until `sent_at`, in transit until `completed_at`, and back in the payable from `given_back_at`
    on. `decided_by` approved or denied it.
    """

    tenant_id: TenantId
    id: PayoutId
    version: int
    state: PayoutState
    currency: Currency
    amount_minor: int
    beneficiary_id: BeneficiaryId
    provider: str
    provider_account_id: ProviderAccountId
    requires_approval: bool
    created_by: str
    decided_by: str | None
    decided_at: datetime | None
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    failure_code: str | None
    failure_message: str | None
    hold_id: HoldId
    sent_at: datetime | None
    completed_at: datetime | None
    given_back_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What is paid out."""
        return Money(self.amount_minor, self.currency)

    @property
    def open_hold_id(self) -> HoldId | None:
        """The hold while the money is held: neither in transit nor given back."""
        return self.hold_id if self.sent_at is None and self.given_back_at is None else None

    def moved_to(self, state: PayoutState, now: datetime, **changes: object) -> "Payout":
        """Give it in that state with these fields changed. Raises STATE_CONFLICT when the machine forbids the move."""
        if state is not self.state and state not in PAYOUT_MOVES.get(self.state, frozenset()):
            raise MediatorError(STATE_CONFLICT, f"A payout that is {self.state} cannot become {state}.")
        return msgspec.structs.replace(self, state=state, updated_at=now, **changes)

    def __repr__(self) -> str:
        """Show which and how much, never for whom or why."""
        return f"Payout({self.id}, {self.state}, {self.amount})"


class PayoutOperation(msgspec.Struct, frozen=True, kw_only=True):
    """A payout's call to its provider: one key, made and stored before the first send, the same for every send.

    `sends` counts the claims to send; whoever claimed one may begin to send until `send_by` (UTC), never later.
    `next_step_at` is when a worker asks the provider, or sends again what was proved not to be there; None when there
    is nothing left to do.
    """

    tenant_id: TenantId
    id: OperationId
    payout_id: PayoutId
    version: int
    state: OperationState
    key: str
    config_version: int
    currency: Currency
    amount_minor: int
    sends: int
    provider_reference: str | None
    code: str | None
    decline: Decline | None
    detail: str | None
    queries: int
    send_by: datetime
    next_step_at: datetime | None
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
