"""Give captured money back, never more than was captured, and settle what the provider says of it."""

import msgspec

from domain.authorizing import mismatched
from domain.dossier import (
    MISSING_CODE,
    Dossier,
    Move,
    accepted_for_later,
    concluded,
    left_unknown,
    missing,
    new_operation,
    not_sent,
    payment_moved,
    rejected,
    require_positive,
)
from domain.errors import (
    PROV_UNREACHABLE,
    REFUND_EXCEEDS_CAPTURE,
    STATE_CONFLICT,
    FieldError,
    MediatorError,
)
from domain.events import RefundCreated, RefundFailed, RefundSucceeded
from domain.ids import EventId, HoldId, RefundId
from domain.moment import Moment
from domain.money import Money
from domain.payments import OperationState, ProviderOperation
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
from domain.refunds import Refund, RefundState


def begin_refund(
    dossier: Dossier, moment: Moment, *, amount_minor: int | None, reason: str | None, terms: ProviderTerms
) -> Move:
    """Claim a refund of `amount_minor` (all that is left when None).

    Raises STATE_CONFLICT when nothing was captured, REFUND_EXCEEDS_CAPTURE beyond what is left of the capture.
    """
    payment = dossier.payment
    if payment.captured_minor == 0:
        raise MediatorError(STATE_CONFLICT, f"A payment that is {payment.state} has nothing to refund.")
    amount = payment.refundable if amount_minor is None else Money(amount_minor, payment.currency)
    if amount_minor is not None:
        require_positive(amount)
    if amount.minor > payment.refundable.minor or amount.minor == 0:
        detail = f"Only {payment.refundable.minor} minor units are left to refund."
        raise MediatorError(REFUND_EXCEEDS_CAPTURE, detail, errors=(FieldError("/amount", detail),))
    refund = Refund(
        tenant_id=payment.tenant_id,
        id=RefundId(moment.new_id()),
        payment_id=payment.id,
        version=0,
        state=RefundState.PENDING,
        currency=payment.currency,
        amount_minor=amount.minor,
        reason=reason,
        failure_code=None,
        hold_id=HoldId(moment.new_id()),
        created_at=moment.now,
        updated_at=moment.now,
    )
    payment = payment_moved(payment, payment.state, moment.now, refunded_minor=payment.refunded_minor + amount.minor)
    operation = new_operation(
        dossier,
        moment,
        kind=OperationKind.REFUND,
        amount=amount,
        terms=terms,
        final=True,
        refund_id=refund.id,
    )
    event = RefundCreated(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        refund_id=refund.id,
        operation_id=operation.id,
        provider_account_id=payment.provider_account_id,
        amount=amount,
        hold_id=refund.hold_id,
    )
    return dossier.with_payment(payment).with_refund(refund).with_operation(operation), (event,)


def settle_refund(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """Write what is now known of an open refund into the refund, the payment and the refund's hold."""
    match finding:
        case Succeeded():
            return _succeeded(dossier, operation, finding, moment)
        case Rejected():
            return _failed(dossier, rejected(operation, finding, moment), finding.code, moment)
        case NotSent():
            return _failed(dossier, not_sent(operation, finding, moment), PROV_UNREACHABLE.code, moment)
        case Missing():
            return _failed(dossier, missing(operation, finding, moment), MISSING_CODE, moment)
        case AcceptedPending():
            return accepted_for_later(dossier, operation, finding, moment)
        case Unknown():
            hold_id = refund_of(dossier, operation).hold_id
            return left_unknown(dossier, operation, finding, moment, hold_id=hold_id)


def refund_of(dossier: Dossier, operation: ProviderOperation) -> Refund:
    """Give the refund that an operation carries out. Raises NOT_FOUND."""
    return dossier.refund(RefundId(operation.refund_id or operation.id))


def _moved(refund: Refund, state: RefundState, moment: Moment, code: str | None = None) -> Refund:
    return msgspec.structs.replace(refund, state=state, failure_code=code, updated_at=moment.now)


def _succeeded(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    refund = refund_of(dossier, operation)
    if finding.amount != operation.amount:
        held = dossier.with_refund(_moved(refund, RefundState.NEEDS_REVIEW, moment))
        return mismatched(held, operation, finding, moment)
    done = concluded(operation, OperationState.SUCCEEDED, now=moment.now, provider_reference=finding.provider_reference)
    event = RefundSucceeded(
        event_id=EventId(moment.new_id()),
        payment_id=refund.payment_id,
        at=moment.now,
        refund_id=refund.id,
        provider_account_id=dossier.payment.provider_account_id,
        amount=refund.amount,
        hold_id=refund.hold_id,
    )
    payment = payment_moved(dossier.payment, dossier.payment.state, moment.now)
    after = dossier.with_payment(payment).with_refund(_moved(refund, RefundState.SUCCEEDED, moment))
    return after.with_operation(done), (event,)


def _failed(dossier: Dossier, done: ProviderOperation, code: str, moment: Moment) -> Move:
    """The refund certainly did not happen: its amount may be refunded again."""
    refund = refund_of(dossier, done)
    payment = dossier.payment
    payment = payment_moved(
        payment, payment.state, moment.now, refunded_minor=payment.refunded_minor - refund.amount_minor
    )
    event = RefundFailed(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        refund_id=refund.id,
        amount=refund.amount,
        hold_id=refund.hold_id,
        code=code,
    )
    after = dossier.with_payment(payment).with_refund(_moved(refund, RefundState.FAILED, moment, code))
    return after.with_operation(done), (event,)
