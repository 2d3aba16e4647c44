"""A payout with its beneficiary and its operation, as read at one moment: what every move of a payout starts from."""

from datetime import datetime, timedelta

import msgspec

from domain.beneficiaries import Beneficiary
from domain.dossier import next_delay
from domain.errors import MoneyState
from domain.events import Event, PayoutReviewNeeded
from domain.ids import EventId
from domain.moment import Moment
from domain.payments import OperationState
from domain.payouts import Payout, PayoutOperation, PayoutState
from domain.providers import Decline

SEND_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300, 3_600))
"""When a payout that did not reach its provider is sent again, after each send; after the last it has failed."""

SENDS_MAX = len(SEND_DELAYS) + 1
"""How often one payout may be sent, every time under the same key and with proof that the provider has nothing."""


class PayoutDossier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided together about one payout. `operation` is there from the first send on."""

    payout: Payout
    beneficiary: Beneficiary
    operation: PayoutOperation | None = None

    @property
    def sent_operation(self) -> PayoutOperation:
        """The operation of a payout that has one. Raises LookupError: only a fault of ours asks without one."""
        if self.operation is None:
            message = f"{self.payout.id} was never sent"
            raise LookupError(message)
        return self.operation

    @property
    def money_state(self) -> MoneyState:
        """Say where the money is, as one word."""
        payout, operation = self.payout, self.operation
        in_doubt = operation is not None and operation.state in (OperationState.SENDING, OperationState.UNKNOWN)
        if in_doubt or payout.state is PayoutState.NEEDS_REVIEW:
            return MoneyState.UNKNOWN
        if payout.given_back_at is not None:
            return MoneyState.NONE
        return MoneyState.HELD if payout.sent_at is None else MoneyState.MOVED

    def with_payout(self, payout: Payout) -> "PayoutDossier":
        """Replace the payout."""
        return msgspec.structs.replace(self, payout=payout)

    def with_operation(self, operation: PayoutOperation) -> "PayoutDossier":
        """Replace or add the operation."""
        return msgspec.structs.replace(self, operation=operation)


PayoutMove = tuple[PayoutDossier, tuple[Event, ...]]
"""What a decision gives: the new states, and the events that explain them (none when nothing changes)."""


def closed(
    operation: PayoutOperation,
    state: OperationState,
    *,
    now: datetime,
    provider_reference: str | None = None,
    code: str | None = None,
    decline: Decline | None = None,
    detail: str | None = None,
) -> PayoutOperation:
    """Write an outcome into the operation; what stays open gets its next query, what is closed none."""
    still_open = state in (OperationState.UNKNOWN, OperationState.ACCEPTED_PENDING)
    return msgspec.structs.replace(
        operation,
        state=state,
        provider_reference=provider_reference or operation.provider_reference,
        code=code,
        decline=decline,
        detail=detail[:500] if detail else None,
        next_step_at=now + next_delay(operation.queries) if still_open else None,
        updated_at=now,
    )


def for_review(dossier: PayoutDossier, reason: str, moment: Moment) -> PayoutMove:
    """Have a person look; the money stays where it is, at risk while it is only held."""
    payout = dossier.payout.moved_to(PayoutState.NEEDS_REVIEW, moment.now)
    event = PayoutReviewNeeded(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        operation_id=dossier.sent_operation.id,
        reason=reason,
        hold_id=payout.open_hold_id,
    )
    return dossier.with_payout(payout), (event,)
