"""Cancel a payment: release what is not captured, and settle what the provider says of it."""

import msgspec

from domain.authorizing import mismatched
from domain.dossier import (
    MISSING_CODE,
    Dossier,
    Move,
    accepted_for_later,
    authorized_state,
    concluded,
    left_unknown,
    missing,
    new_operation,
    next_delay,
    not_sent,
    payment_moved,
    rejected,
)
from domain.errors import PROV_UNREACHABLE, STATE_CONFLICT, MediatorError
from domain.events import Event, PaymentVoided, VoidFailed, VoidStarted
from domain.ids import EventId
from domain.moment import Moment
from domain.money import Money
from domain.payments import AttemptState, OperationState, Payment, PaymentState, ProviderOperation
from domain.providers import (
    AcceptedPending,
    Finding,
    Missing,
    NotSent,
    OperationKind,
    ProviderTerms,
    Rejected,
    Succeeded,
    Unknown,
)

VOIDABLE = frozenset({AttemptState.REQUIRES_ACTION, AttemptState.PENDING, AttemptState.AUTHORIZED})


def cancel_unsent(dossier: Dossier, moment: Moment) -> Move:
    """Cancel a payment that never reached a provider: there is nothing to ask anybody."""
    payment = payment_moved(dossier.payment, PaymentState.CANCELLED, moment.now)
    return dossier.with_payment(payment), (_voided_event(payment, payment.amount, moment),)


def begin_void(dossier: Dossier, moment: Moment, *, terms: ProviderTerms) -> Move:
    """Claim the release of what is not captured. Raises STATE_CONFLICT when there is nothing to release, or doubt."""
    payment, attempt = dossier.payment, dossier.attempt
    if attempt.state not in VOIDABLE:
        running = dossier.open_operation
        wait = 2 if running is not None else None
        detail = f"A payment that is {payment.state} (attempt {attempt.state}) cannot be cancelled now."
        raise MediatorError(STATE_CONFLICT, detail, retry_after_seconds=wait)
    attempt = attempt.moved_to(AttemptState.VOIDING, now=moment.now)
    dossier = _authorization_parked(dossier.with_attempt(attempt))
    amount = _releasable(payment)
    operation = new_operation(dossier, moment, kind=OperationKind.VOID, amount=amount, terms=terms, final=True)
    event = VoidStarted(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        amount=amount,
    )
    payment = payment_moved(payment, payment.state, moment.now)
    return dossier.with_payment(payment).with_operation(operation), (event,)


def settle_void(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """Write what is now known of an open release into the payment, its attempt and its hold."""
    match finding:
        case Succeeded():
            return _voided(dossier, operation, finding, moment)
        case Rejected():
            return _failed(dossier, rejected(operation, finding, moment), finding.code, moment)
        case NotSent():
            return _failed(dossier, not_sent(operation, finding, moment), PROV_UNREACHABLE.code, moment)
        case Missing():
            return _failed(dossier, missing(operation, finding, moment), MISSING_CODE, moment)
        case AcceptedPending():
            attempt = dossier.attempt.moved_to(AttemptState.VOIDING, now=moment.now)
            return accepted_for_later(dossier.with_attempt(attempt), operation, finding, moment)
        case Unknown():
            return _unknown(dossier, operation, finding, moment)


def _releasable(payment: Payment) -> Money:
    """What a cancellation lets go: the rest of the authorization, or the whole amount when none is confirmed yet."""
    return payment.capturable if payment.authorized_minor else payment.amount


def _authorization_parked(dossier: Dossier) -> Dossier:
    """Stop asking about an authorization that is being cancelled: the cancellation's outcome decides."""
    authorization = dossier.last_operation(OperationKind.AUTHORIZE)
    if authorization is None or not authorization.is_open:
        return dossier
    return dossier.with_operation(msgspec.structs.replace(authorization, next_query_at=None))


def _authorization_asked_again(dossier: Dossier, moment: Moment) -> Dossier:
    """Ask about an open authorization again: what was told of it while it was being cancelled was not written down."""
    authorization = dossier.last_operation(OperationKind.AUTHORIZE)
    if authorization is None or not authorization.is_open:
        return dossier
    due = moment.now + next_delay(authorization.queries)
    return dossier.with_operation(msgspec.structs.replace(authorization, next_query_at=due))


def _voided(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    if finding.amount != operation.amount:
        # Less was left to release than we think: somebody took of it elsewhere.
        after, events = mismatched(dossier, operation, finding, moment)
        return _authorization_asked_again(after, moment), events
    payment, now = dossier.payment, moment.now
    released = _releasable(payment)
    kept = payment.captured_minor > 0
    attempt = dossier.attempt.moved_to(AttemptState.SUCCEEDED if kept else AttemptState.VOIDED, now=now)
    payment = payment_moved(
        payment,
        PaymentState.SUCCEEDED if kept else PaymentState.CANCELLED,
        now,
        authorized_minor=payment.captured_minor,
        action_url=None,
    )
    done = concluded(operation, OperationState.SUCCEEDED, now=now, provider_reference=finding.provider_reference)
    dossier = dossier.with_operation(done)
    authorization = dossier.last_operation(OperationKind.AUTHORIZE)
    if authorization is not None and authorization.is_open:
        ended = concluded(
            authorization, OperationState.REJECTED, now=now, code="voided", detail="cancelled before it was confirmed"
        )
        dossier = dossier.with_operation(ended)
    return dossier.with_payment(payment).with_attempt(attempt), (_voided_event(payment, released, moment),)


def _voided_event(payment: Payment, released: Money, moment: Moment) -> Event:
    return PaymentVoided(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        amount=released,
        hold_id=payment.hold_id,
    )


def _failed(dossier: Dossier, done: ProviderOperation, code: str, moment: Moment) -> Move:
    """The release certainly did not happen: everything stands as before, and the authorization is asked about again."""
    payment, now = dossier.payment, moment.now
    authorization = dossier.last_operation(OperationKind.AUTHORIZE)
    back = AttemptState.AUTHORIZED
    if authorization is not None and authorization.is_open:
        back = AttemptState.REQUIRES_ACTION if payment.action_url else AttemptState.PENDING
        dossier = _authorization_asked_again(dossier, moment)
    else:
        payment = payment_moved(payment, authorized_state(payment), now)
    attempt = dossier.attempt.moved_to(back, now=now)
    event = VoidFailed(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        operation_id=done.id,
        hold_id=payment.hold_id,
        code=code,
    )
    payment = payment_moved(payment, payment.state, now)
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _unknown(dossier: Dossier, operation: ProviderOperation, finding: Unknown, moment: Moment) -> Move:
    attempt = dossier.attempt.moved_to(AttemptState.UNKNOWN, now=moment.now)
    hold_id = dossier.payment.hold_id
    return left_unknown(dossier.with_attempt(attempt), operation, finding, moment, hold_id=hold_id)
