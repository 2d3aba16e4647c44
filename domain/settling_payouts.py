"""Settle a payout with whatever is found out about it: in any order and however often, the same end."""

from datetime import timedelta

import msgspec

from domain.dossier import CONTRADICTED, DISPUTED_CODES, MISSING_CODE, QUERY_DELAYS, next_delay
from domain.errors import PROV_INTEGRITY_MISMATCH, PROV_UNREACHABLE
from domain.events import (
    PayoutCompleted,
    PayoutFailed,
    PayoutMissing,
    PayoutNotSent,
    PayoutQueried,
    PayoutReturned,
    PayoutSent,
    PayoutUnknown,
)
from domain.ids import EventId
from domain.moment import Moment
from domain.payments import OperationState
from domain.payout_dossier import SEND_DELAYS, SENDS_MAX, PayoutDossier, PayoutMove, closed, for_review
from domain.payouts import UNSENT_OPERATION_STATES, PayoutOperation, PayoutState
from domain.providers import AcceptedPending, Comeback, Finding, Missing, NotSent, Rejected, Succeeded, Unknown

CANCELLED_AND_THERE = "we cancelled it as never sent, the provider says that it has it"


def judged_payout(
    finding: Finding,
    operation: PayoutOperation,
    *,
    deadline_seconds: float,
    horizon_seconds: float | None,
    moment: Moment,
) -> Finding:
    """Take "not found" for an answer only after the last send must have ended and the horizon passed since then."""
    if not isinstance(finding, Missing):
        return finding
    if horizon_seconds is None:
        return Unknown("the provider does not show it, and states no time after which that would prove anything")
    if moment.now < operation.send_by + timedelta(seconds=deadline_seconds + horizon_seconds):
        return Unknown("the provider does not show it yet")
    return finding


def settle_payout(
    dossier: PayoutDossier, finding: Finding, moment: Moment, *, resends: bool, send: int | None = None
) -> PayoutMove:
    """Decide what a finding changes; repeating one, or learning nothing new, changes nothing that money depends on.

    `resends` says that the provider takes a repeated key for the same order: only then is what is missing there sent
    again. `send` names the send whose own outcome it is.
    """
    match finding:
        case Succeeded():
            return _succeeded(dossier, finding, moment)
        case Rejected(comeback=None):
            return _rejected(dossier, finding, moment)
        case Rejected():
            return _came_back(dossier, finding, moment)
        case AcceptedPending():
            return _accepted(dossier, finding, moment)
        case Missing():
            return _missing(dossier, finding, moment, resends=resends)
        case NotSent():
            return _not_sent(dossier, finding, moment, send=send)
        case Unknown():
            return _unknown(dossier, finding, moment)


def _succeeded(dossier: PayoutDossier, finding: Succeeded, moment: Moment) -> PayoutMove:
    """It arrived; unless we knew, or the amount is another one, or the provider had refused it for good."""
    operation = dossier.sent_operation
    if operation.code in DISPUTED_CODES or _is_known(dossier, OperationState.SUCCEEDED):
        return dossier, ()
    if finding.amount != operation.amount:
        reason = f"{operation.amount} was asked for, the provider says that {finding.amount} was paid out"
        disputed = closed(
            operation,
            OperationState.SUCCEEDED,
            now=moment.now,
            provider_reference=finding.provider_reference,
            code=PROV_INTEGRITY_MISMATCH.code,
            detail=reason,
        )
        return for_review(dossier.with_operation(disputed), reason, moment)
    if operation.state is OperationState.REJECTED:
        return _contradicted(dossier, "we know that it was refused, the provider says that it was paid", moment)
    if dossier.payout.state is PayoutState.CANCELLED:
        return _contradicted(dossier, CANCELLED_AND_THERE, moment)
    sent, events = _left(dossier, finding.provider_reference, moment)
    payout = sent.payout.moved_to(
        PayoutState.COMPLETED, moment.now, completed_at=moment.now, failure_code=None, failure_message=None
    )
    done = closed(operation, OperationState.SUCCEEDED, now=moment.now, provider_reference=finding.provider_reference)
    event = PayoutCompleted(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        provider_account_id=payout.provider_account_id,
    )
    return sent.with_payout(payout).with_operation(done), (*events, event)


def _rejected(dossier: PayoutDossier, finding: Rejected, moment: Moment) -> PayoutMove:
    """It did not happen; where we believe that it arrived, the provider contradicts itself."""
    operation = dossier.sent_operation
    if operation.code in DISPUTED_CODES or _is_known(dossier, OperationState.REJECTED):
        return dossier, ()
    if dossier.payout.given_back_at is not None:
        return dossier, ()
    if operation.state is OperationState.SUCCEEDED:
        return _contradicted(dossier, "we know that it was paid, the provider says that it was refused", moment)
    refused = closed(
        operation,
        OperationState.REJECTED,
        now=moment.now,
        provider_reference=finding.provider_reference,
        code=finding.code,
        decline=finding.decline,
        detail=finding.message,
    )
    return _failed(dossier.with_operation(refused), finding.code, finding.message, moment)


def _came_back(dossier: PayoutDossier, finding: Rejected, moment: Moment) -> PayoutMove:
    """It had left and came back: a new transaction gives the money back, whatever we knew before."""
    operation, payout = dossier.sent_operation, dossier.payout
    is_home = payout.state is PayoutState.CANCELLED or operation.state is OperationState.REJECTED
    if is_home or operation.code == PROV_INTEGRITY_MISMATCH.code:
        return dossier, ()
    sent, events = _left(dossier, finding.provider_reference or operation.key, moment)
    comeback = finding.comeback or Comeback.RETURNED
    after = sent.payout.moved_to(
        PayoutState(comeback.value),
        moment.now,
        given_back_at=moment.now,
        failure_code=finding.code,
        failure_message=finding.message[:500] or None,
    )
    done = closed(
        operation,
        OperationState.REJECTED,
        now=moment.now,
        provider_reference=finding.provider_reference,
        code=finding.code,
        decline=finding.decline,
        detail=finding.message,
    )
    event = PayoutReturned(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        provider_account_id=payout.provider_account_id,
        was_completed=payout.completed_at is not None,
        comeback=comeback,
        code=finding.code,
    )
    return sent.with_payout(after).with_operation(done), (*events, event)


def _accepted(dossier: PayoutDossier, finding: AcceptedPending, moment: Moment) -> PayoutMove:
    """The provider has it: in transit, not arrived."""
    operation = dossier.sent_operation
    if operation.state is OperationState.ACCEPTED_PENDING:
        return _queried(dossier, finding, moment)
    if not operation.is_open and operation.state not in UNSENT_OPERATION_STATES:
        return dossier, ()
    if dossier.payout.state is PayoutState.CANCELLED:
        return _contradicted(dossier, CANCELLED_AND_THERE, moment)
    sent, events = _left(dossier, finding.provider_reference, moment)
    payout = sent.payout.moved_to(PayoutState.SENT, moment.now, failure_code=None, failure_message=None)
    waiting = closed(
        operation,
        OperationState.ACCEPTED_PENDING,
        now=moment.now,
        provider_reference=finding.provider_reference,
        detail="accepted by the provider, result later",
    )
    return sent.with_payout(payout).with_operation(waiting), events


def _missing(dossier: PayoutDossier, finding: Missing, moment: Moment, *, resends: bool) -> PayoutMove:
    """It is proved that the provider never got it: it is sent again where that is safe, else it has failed."""
    operation = dossier.sent_operation
    if operation.state is OperationState.ACCEPTED_PENDING:
        return _queried(dossier, finding, moment)
    if not operation.is_open:
        return dossier, ()
    gone = closed(operation, OperationState.MISSING, now=moment.now, code=MISSING_CODE, detail=finding.reason)
    if not resends or operation.sends >= SENDS_MAX:
        return _failed(dossier.with_operation(gone), MISSING_CODE, finding.reason, moment)
    again = msgspec.structs.replace(gone, queries=0, next_step_at=moment.now)
    event = PayoutMissing(
        event_id=EventId(moment.new_id()),
        payout_id=operation.payout_id,
        at=moment.now,
        operation_id=operation.id,
        hold_id=dossier.payout.hold_id,
    )
    payout = dossier.payout.moved_to(PayoutState.PROCESSING, moment.now)
    return dossier.with_payout(payout).with_operation(again), (event,)


def _not_sent(dossier: PayoutDossier, finding: NotSent, moment: Moment, *, send: int | None) -> PayoutMove:
    """Nothing left the house: sent again later. The word of an earlier send, or of a question, proves nothing."""
    operation = dossier.sent_operation
    if operation.state is not OperationState.SENDING or operation.sends != send:
        return dossier, ()
    kept = closed(operation, OperationState.NOT_SENT, now=moment.now, code=PROV_UNREACHABLE.code, detail=finding.reason)
    if operation.sends >= SENDS_MAX:
        return _failed(dossier.with_operation(kept), PROV_UNREACHABLE.code, finding.reason, moment)
    again = msgspec.structs.replace(kept, next_step_at=moment.now + SEND_DELAYS[operation.sends - 1])
    event = PayoutNotSent(
        event_id=EventId(moment.new_id()),
        payout_id=operation.payout_id,
        at=moment.now,
        operation_id=operation.id,
        reason=finding.reason,
    )
    payout = dossier.payout.moved_to(dossier.payout.state, moment.now)
    return dossier.with_payout(payout).with_operation(again), (event,)


def _unknown(dossier: PayoutDossier, finding: Unknown, moment: Moment) -> PayoutMove:
    """Nobody knows; the hold is at risk. A doubt never takes back what was confirmed."""
    operation, payout = dossier.sent_operation, dossier.payout
    if operation.state is not OperationState.SENDING:
        return _queried(dossier, finding, moment) if operation.is_open else (dossier, ())
    event = PayoutUnknown(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        operation_id=operation.id,
        amount=payout.amount,
        hold_id=payout.hold_id,
        reason=finding.reason,
    )
    doubtful = closed(operation, OperationState.UNKNOWN, now=moment.now, detail=finding.reason)
    return dossier.with_payout(payout.moved_to(payout.state, moment.now)).with_operation(doubtful), (event,)


def _queried(dossier: PayoutDossier, finding: Finding, moment: Moment) -> PayoutMove:
    """Count a query that was due and plan the next; after the last one a person must look."""
    operation = dossier.sent_operation
    if operation.next_step_at is None or moment.now < operation.next_step_at:
        return dossier, ()
    queries = operation.queries + 1
    exhausted = queries >= len(QUERY_DELAYS)
    asked = msgspec.structs.replace(
        operation,
        queries=queries,
        next_step_at=None if exhausted else moment.now + next_delay(queries),
        updated_at=moment.now,
    )
    dossier = dossier.with_payout(dossier.payout.moved_to(dossier.payout.state, moment.now)).with_operation(asked)
    if exhausted:
        return for_review(dossier, "the provider was asked for a week and gave no final answer", moment)
    event = PayoutQueried(
        event_id=EventId(moment.new_id()),
        payout_id=operation.payout_id,
        at=moment.now,
        operation_id=operation.id,
        answer=str(finding.__struct_config__.tag),
    )
    return dossier, (event,)


def _left(dossier: PayoutDossier, provider_reference: str, moment: Moment) -> PayoutMove:
    """Post what left, unless it is posted: out of the hold, or directly where we had given the hold up."""
    payout = dossier.payout
    if payout.sent_at is not None:
        return dossier, ()
    event = PayoutSent(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        hold_id=payout.open_hold_id,
        provider_reference=provider_reference,
    )
    sent = msgspec.structs.replace(payout, sent_at=moment.now, given_back_at=None, updated_at=moment.now)
    return dossier.with_payout(sent), (event,)


def _failed(dossier: PayoutDossier, code: str, message: str, moment: Moment) -> PayoutMove:
    """Give the money back: out of the hold, or out of transit."""
    payout = dossier.payout
    event = PayoutFailed(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        hold_id=payout.open_hold_id,
        code=code,
    )
    after = payout.moved_to(
        PayoutState.FAILED,
        moment.now,
        given_back_at=moment.now,
        failure_code=code,
        failure_message=message[:500] or None,
    )
    return dossier.with_payout(after), (event,)


def _contradicted(dossier: PayoutDossier, reason: str, moment: Moment) -> PayoutMove:
    """The provider says the opposite of what it said, or of what we did: nothing is booked on that."""
    operation = dossier.sent_operation
    if operation.code == CONTRADICTED:
        return dossier, ()
    disputed = msgspec.structs.replace(
        operation, code=CONTRADICTED, detail=reason, next_step_at=None, updated_at=moment.now
    )
    return for_review(dossier.with_operation(disputed), reason, moment)


def _is_known(dossier: PayoutDossier, state: OperationState) -> bool:
    """Whether that was heard before, or the money came back since."""
    came_back = dossier.payout.state in (PayoutState.RETURNED, PayoutState.REVERSED)
    return came_back or dossier.sent_operation.state is state
