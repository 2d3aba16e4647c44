"""Settle an operation with whatever is found out about it: first word, later word, or a word that contradicts ours."""

from datetime import datetime, timedelta

import msgspec

from domain.authorizing import settle_authorization
from domain.capturing import settle_capture
from domain.dossier import (
    CONTRADICTED,
    QUERY_DELAYS,
    Dossier,
    Move,
    authorized_state,
    concluded,
    next_delay,
    payment_moved,
    reviewed,
)
from domain.events import OperationQueried, PaymentCorrected, ReviewNeeded
from domain.ids import EventId, HoldId, OperationId
from domain.moment import Moment
from domain.payments import (
    AttemptState,
    CaptureMode,
    OperationState,
    PaymentState,
    ProviderOperation,
)
from domain.providers import (
    AcceptedPending,
    Finding,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.refunding import settle_refund
from domain.voiding import settle_void


def judged(
    finding: Finding,
    operation: ProviderOperation,
    *,
    deadline_seconds: float,
    horizon_seconds: float | None,
    now: datetime,
) -> Finding:
    """Take "not found" for an answer only after the last send must have ended and the horizon passed since then.

    Before that it proves nothing (reliability: an effect may land late), and the outcome stays unknown; without a
    stated horizon (None) it never proves anything.
    """
    if isinstance(finding, Missing) and horizon_seconds is None:
        return Unknown("the provider does not show it, and states no time after which that would prove anything")
    if (
        isinstance(finding, Missing)
        and horizon_seconds is not None
        and now < operation.send_by + timedelta(seconds=deadline_seconds + horizon_seconds)
    ):
        return Unknown("the provider does not show it yet")
    return finding


def settle(dossier: Dossier, operation_id: OperationId, finding: Finding, moment: Moment) -> Move:
    """Decide what a finding changes. Repeating one, or learning nothing new, changes nothing that money depends on."""
    operation = dossier.operation(operation_id)
    if not operation.is_open:
        return _contradicted(dossier, operation, finding, moment)
    if _says_nothing_new(dossier, operation, finding):
        return _queried(dossier, operation, finding, moment)
    if operation.kind is OperationKind.AUTHORIZE and _being_voided(dossier, operation):
        return dossier, ()
    after, events = _learned(dossier, operation, finding, moment)
    return reviewed(after), events


def _learned(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    match operation.kind:
        case OperationKind.AUTHORIZE:
            return settle_authorization(dossier, operation, finding, moment)
        case OperationKind.CAPTURE:
            return settle_capture(dossier, operation, finding, moment)
        case OperationKind.VOID:
            return settle_void(dossier, operation, finding, moment)
        case OperationKind.REFUND:
            return settle_refund(dossier, operation, finding, moment)
        case OperationKind.PAYOUT:
            message = "a payment has no payouts"
            raise ValueError(message)


def _being_voided(dossier: Dossier, authorization: ProviderOperation) -> bool:
    void = dossier.last_operation(OperationKind.VOID)
    return void is not None and void.is_open and void.attempt_id == authorization.attempt_id


def _says_nothing_new(dossier: Dossier, operation: ProviderOperation, finding: Finding) -> bool:
    """Whether an open operation is exactly as open as before. A doubt never takes back what was confirmed."""
    match finding:
        case Unknown():
            return operation.state is not OperationState.SENDING
        case NotSent():
            return operation.state is not OperationState.SENDING
        case Missing():
            waits_for_customer = (
                operation.kind is OperationKind.AUTHORIZE and dossier.attempt.state is AttemptState.REQUIRES_ACTION
            )
            return operation.state is OperationState.ACCEPTED_PENDING and not waits_for_customer
        case AcceptedPending(action_url=action_url):
            same_action = operation.kind is not OperationKind.AUTHORIZE or action_url == dossier.payment.action_url
            return operation.state is OperationState.ACCEPTED_PENDING and same_action
        case _:
            return False


def _queried(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """Count a query that was due and plan the next; after the last one a person must look.

    A query that somebody asked early, and that taught nothing, changes nothing.
    """
    if operation.next_query_at is None or moment.now < operation.next_query_at:
        return dossier, ()
    queries = operation.queries + 1
    exhausted = queries >= len(QUERY_DELAYS)
    asked = msgspec.structs.replace(
        operation,
        queries=queries,
        next_query_at=None if exhausted else moment.now + next_delay(queries),
        updated_at=moment.now,
    )
    payment = payment_moved(dossier.payment, dossier.payment.state, moment.now)
    dossier = dossier.with_payment(payment).with_operation(asked)
    if exhausted:
        return _for_review(dossier, asked, "the provider was asked for a week and gave no final answer", moment)
    event = OperationQueried(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        operation=operation.kind,
        answer=str(finding.__struct_config__.tag),
    )
    return dossier, (event,)


def _contradicted(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """A closed operation hears the opposite: a late success wins, with its evidence, or a person decides."""
    if operation.code in {"voided", CONTRADICTED}:
        return dossier, ()
    if isinstance(finding, Rejected) and operation.state is OperationState.SUCCEEDED:
        return _taken_back(dossier, operation, finding, moment)
    if not isinstance(finding, Succeeded) or operation.state is OperationState.SUCCEEDED:
        return dossier, ()
    payment = dossier.payment
    same_attempt = operation.attempt_id == dossier.attempt.id
    was_ended = payment.state is PaymentState.FAILED or (
        payment.state is PaymentState.EXPIRED and operation.state is OperationState.MISSING
    )
    late_success = operation.kind is OperationKind.AUTHORIZE and was_ended and same_attempt
    if late_success and finding.amount == operation.amount:
        return _corrected(dossier, operation, finding, moment)
    reason = f"our {operation.kind} is {operation.state}, the provider says that it succeeded with {finding.amount}"
    disputed = msgspec.structs.replace(operation, code=CONTRADICTED, detail=reason[:500], updated_at=moment.now)
    return _for_review(dossier.with_operation(disputed), disputed, reason, moment)


def _taken_back(dossier: Dossier, operation: ProviderOperation, finding: Rejected, moment: Moment) -> Move:
    """A capture or refund that had succeeded failed after all (a bank sent it back): the books wait for a person.

    An authorization that is gone later, since it was released or ran out, is no contradiction; nor is a release.
    """
    if operation.kind not in {OperationKind.CAPTURE, OperationKind.REFUND}:
        return dossier, ()
    reason = f"our {operation.kind} succeeded, the provider says later that it failed: {finding.code}"
    disputed = msgspec.structs.replace(operation, code=CONTRADICTED, detail=reason[:500], updated_at=moment.now)
    return _for_review(dossier.with_operation(disputed), disputed, reason, moment)


def _for_review(dossier: Dossier, operation: ProviderOperation, reason: str, moment: Moment) -> Move:
    payment = payment_moved(dossier.payment, PaymentState.NEEDS_REVIEW, moment.now)
    event = ReviewNeeded(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        reason=reason,
        hold_id=None,
    )
    return dossier.with_payment(payment), (event,)


def _corrected(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    """`failed → succeeded`: the provider has the money although we had ended the attempt."""
    payment, now = dossier.payment, moment.now
    captured = payment.capture_mode is CaptureMode.AUTOMATIC
    attempt = dossier.attempt.corrected_to(
        AttemptState.SUCCEEDED if captured else AttemptState.AUTHORIZED,
        now=now,
        provider_reference=finding.provider_reference,
    )
    done = concluded(operation, OperationState.SUCCEEDED, now=now, provider_reference=finding.provider_reference)
    event_id = EventId(moment.new_id())
    payment = payment_moved(
        payment,
        PaymentState.SUCCEEDED if captured else authorized_state(payment),
        now,
        authorized_minor=operation.amount_minor,
        captured_minor=operation.amount_minor if captured else 0,
        failure_code=None,
        failure_message=None,
        hold_id=payment.hold_id if captured else HoldId(moment.new_id()),
    )
    event = PaymentCorrected(
        event_id=event_id,
        payment_id=payment.id,
        at=now,
        attempt_id=attempt.id,
        operation_id=operation.id,
        provider_account_id=payment.provider_account_id,
        amount=operation.amount,
        captured=captured,
        hold_id=payment.hold_id,
        evidence=f"provider reference {finding.provider_reference}; our state was {operation.state}",
    )
    return reviewed(dossier.with_payment(payment).with_attempt(attempt).with_operation(done)), (event,)
