"""Capture part or all of an authorization, and settle what the provider says of it."""

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
    not_sent,
    payment_moved,
    rejected,
    require_positive,
    require_quiet,
)
from domain.errors import (
    CAPTURE_EXCEEDS_AUTHORIZATION,
    PROV_UNREACHABLE,
    STATE_CONFLICT,
    FieldError,
    MediatorError,
)
from domain.events import CaptureFailed, CaptureStarted, PaymentCaptured
from domain.ids import EventId
from domain.moment import Moment
from domain.money import Money
from domain.payments import AttemptState, OperationState, PaymentState, ProviderOperation
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


def begin_capture(
    dossier: Dossier, moment: Moment, *, amount_minor: int | None, final: bool, terms: ProviderTerms
) -> Move:
    """Claim a capture of `amount_minor` (all that is left when None); `final` lets the rest go afterwards.

    Raises STATE_CONFLICT unless the payment is authorized and quiet, CAPTURE_EXCEEDS_AUTHORIZATION beyond what is left.
    """
    payment = dossier.payment
    require_quiet(dossier)
    if payment.state not in (PaymentState.AUTHORIZED, PaymentState.PARTIALLY_CAPTURED):
        raise MediatorError(STATE_CONFLICT, f"A payment that is {payment.state} cannot be captured.")
    amount = payment.capturable if amount_minor is None else Money(amount_minor, payment.currency)
    require_positive(amount)
    if amount.minor > payment.capturable.minor:
        detail = f"Only {payment.capturable.minor} minor units are left to capture."
        raise MediatorError(CAPTURE_EXCEEDS_AUTHORIZATION, detail, errors=(FieldError("/amount", detail),))
    attempt = dossier.attempt.moved_to(AttemptState.CAPTURING, now=moment.now)
    dossier = dossier.with_attempt(attempt)
    operation = new_operation(
        dossier,
        moment,
        kind=OperationKind.CAPTURE,
        amount=amount,
        terms=terms,
        final=final or amount == payment.capturable,
    )
    event = CaptureStarted(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        amount=amount,
    )
    payment = payment_moved(payment, payment.state, moment.now)
    return dossier.with_payment(payment).with_operation(operation), (event,)


def settle_capture(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """Write what is now known of an open capture into the payment, its attempt and its hold."""
    match finding:
        case Succeeded():
            return _captured(dossier, operation, finding, moment)
        case Rejected():
            return _failed(dossier, rejected(operation, finding, moment), finding.code, moment)
        case NotSent():
            return _failed(dossier, not_sent(operation, finding, moment), PROV_UNREACHABLE.code, moment)
        case Missing():
            return _failed(dossier, missing(operation, finding, moment), MISSING_CODE, moment)
        case AcceptedPending():
            return _pending(dossier, operation, finding, moment)
        case Unknown():
            return _unknown(dossier, operation, finding, moment)


def _captured(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    if finding.amount != operation.amount:
        return mismatched(dossier, operation, finding, moment)
    payment, now = dossier.payment, moment.now
    captured_minor = payment.captured_minor + operation.amount_minor
    released_minor = payment.authorized_minor - captured_minor if operation.final else 0
    payment = payment_moved(
        payment,
        PaymentState.SUCCEEDED if operation.final else PaymentState.PARTIALLY_CAPTURED,
        now,
        captured_minor=captured_minor,
        authorized_minor=payment.authorized_minor - released_minor,
    )
    attempt = dossier.attempt.moved_to(AttemptState.SUCCEEDED if operation.final else AttemptState.AUTHORIZED, now=now)
    done = concluded(operation, OperationState.SUCCEEDED, now=now, provider_reference=finding.provider_reference)
    event = PaymentCaptured(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        operation_id=operation.id,
        provider_account_id=payment.provider_account_id,
        amount=operation.amount,
        released=Money(released_minor, payment.currency),
        hold_id=payment.hold_id,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _failed(dossier: Dossier, done: ProviderOperation, code: str, moment: Moment) -> Move:
    """The capture certainly did not happen: the authorization stands as before."""
    payment, now = dossier.payment, moment.now
    attempt = dossier.attempt.moved_to(AttemptState.AUTHORIZED, now=now)
    payment = payment_moved(payment, authorized_state(payment), now)
    event = CaptureFailed(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        operation_id=done.id,
        amount=done.amount,
        hold_id=payment.hold_id,
        code=code,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _pending(dossier: Dossier, operation: ProviderOperation, finding: AcceptedPending, moment: Moment) -> Move:
    """The provider has it and confirms later: the attempt goes on capturing."""
    attempt = dossier.attempt.moved_to(AttemptState.CAPTURING, now=moment.now)
    return accepted_for_later(dossier.with_attempt(attempt), operation, finding, moment)


def _unknown(dossier: Dossier, operation: ProviderOperation, finding: Unknown, moment: Moment) -> Move:
    attempt = dossier.attempt.moved_to(AttemptState.UNKNOWN, now=moment.now)
    hold_id = dossier.payment.hold_id
    return left_unknown(dossier.with_attempt(attempt), operation, finding, moment, hold_id=hold_id)
