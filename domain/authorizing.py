"""Begin a payment and settle its authorization: every outcome of the first call to a provider."""

from datetime import timedelta

import msgspec

from domain.dossier import (
    MISSING_CODE,
    Dossier,
    Move,
    authorized_state,
    concluded,
    left_unknown,
    missing,
    new_operation,
    not_sent,
    payment_moved,
    rejected,
)
from domain.errors import PROV_INTEGRITY_MISMATCH, PROV_UNREACHABLE, STATE_CONFLICT, MediatorError
from domain.events import (
    ActionRequired,
    AttemptStarted,
    Event,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCreated,
    PaymentDeclined,
    PaymentExpired,
    PaymentMissing,
    PaymentNotSent,
    PaymentPending,
    ReviewNeeded,
)
from domain.ids import AttemptId, EventId, HoldId, PaymentId, ProviderAccountId, TenantId
from domain.moment import Moment
from domain.money import Money
from domain.payments import (
    AttemptState,
    CaptureMode,
    OperationState,
    Payment,
    PaymentAttempt,
    PaymentState,
    ProviderOperation,
)
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

UNSENT_LIFETIME = timedelta(days=1)
"""How long a payment that never reached a provider may wait for its caller to try again."""


ABANDONED_CODE = "abandoned"
"""Failure code of a payment whose customer never did what it waited for."""

IN_PROGRESS = frozenset(
    {
        AttemptState.SENDING,
        AttemptState.REQUIRES_ACTION,
        AttemptState.PENDING,
        AttemptState.CAPTURING,
        AttemptState.VOIDING,
    }
)


class PaymentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for, once checked, and which provider account shall take it."""

    tenant_id: TenantId
    amount: Money
    capture_mode: CaptureMode
    payment_method: str
    payment_methods: dict[str, str] = {}
    provider: str
    provider_account_id: ProviderAccountId
    reference: str | None
    description: str | None
    return_url: str | None
    metadata: dict[str, str]


def begin_payment(order: PaymentOrder, moment: Moment, *, payment_id: PaymentId, terms: ProviderTerms) -> Move:
    """Create a payment with its first attempt under way: the amount is held before anything is sent."""
    created = PaymentCreated(
        event_id=EventId(moment.new_id()),
        payment_id=payment_id,
        at=moment.now,
        amount=order.amount,
        hold_id=HoldId(moment.new_id()),
        provider_account_id=order.provider_account_id,
        reference=order.reference,
    )
    payment = Payment(
        tenant_id=order.tenant_id,
        id=payment_id,
        version=0,
        state=PaymentState.CREATED,
        currency=order.amount.currency,
        amount_minor=order.amount.minor,
        authorized_minor=0,
        captured_minor=0,
        refunded_minor=0,
        capture_mode=order.capture_mode,
        provider=order.provider,
        provider_account_id=order.provider_account_id,
        payment_method=order.payment_method,
        payment_methods=order.payment_methods,
        reference=order.reference,
        description=order.description,
        return_url=order.return_url,
        action_url=None,
        action_fields=None,
        failure_code=None,
        failure_message=None,
        metadata=order.metadata,
        hold_id=created.hold_id,
        created_at=moment.now,
        updated_at=moment.now,
    )
    empty = Dossier(payment=payment, attempts=(), operations=())
    begun, events = begin_attempt(empty, moment, terms=terms)
    return begun, (created, *events)


def begin_attempt(dossier: Dossier, moment: Moment, *, terms: ProviderTerms) -> Move:
    """Claim an attempt and its authorization. Raises STATE_CONFLICT unless the payment waits for one."""
    payment = dossier.payment
    if payment.state is not PaymentState.CREATED:
        raise MediatorError(STATE_CONFLICT, f"A payment that is {payment.state} cannot be attempted again.")
    attempt = _claimed_attempt(dossier, moment, terms)
    payment = payment_moved(payment, PaymentState.PROCESSING, moment.now, failure_code=None, failure_message=None)
    dossier = dossier.with_payment(payment).with_attempt(attempt)
    operation = new_operation(
        dossier,
        moment,
        kind=OperationKind.AUTHORIZE,
        amount=payment.amount,
        terms=terms,
        final=payment.capture_mode is CaptureMode.AUTOMATIC,
    )
    started = AttemptStarted(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        attempt_id=attempt.id,
        operation_id=operation.id,
        provider=attempt.provider,
        number=attempt.number,
    )
    return dossier.with_operation(operation), (started,)


def _claimed_attempt(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> PaymentAttempt:
    """Initiate an attempt and claim it at once: the one that commits it is the one that sends it."""
    payment = dossier.payment
    initiated = PaymentAttempt(
        tenant_id=payment.tenant_id,
        id=AttemptId(moment.new_id()),
        payment_id=payment.id,
        version=0,
        number=len(dossier.attempts) + 1,
        state=AttemptState.INITIATED,
        provider=payment.provider,
        provider_account_id=payment.provider_account_id,
        config_version=terms.config_version,
        provider_reference=None,
        decline_code=None,
        created_at=moment.now,
        updated_at=moment.now,
    )
    return initiated.moved_to(AttemptState.READY, AttemptState.SENDING, now=moment.now)


def settle_authorization(dossier: Dossier, operation: ProviderOperation, finding: Finding, moment: Moment) -> Move:
    """Write what is now known of an open authorization into the payment, its attempt and its hold."""
    match finding:
        case Succeeded():
            return _authorized(dossier, operation, finding, moment)
        case AcceptedPending():
            return _accepted(dossier, operation, finding, moment)
        case Rejected():
            return _declined(dossier, operation, finding, moment)
        case NotSent():
            return _not_sent(dossier, operation, finding, moment)
        case Missing():
            return _missing(dossier, operation, finding, moment)
        case Unknown():
            return _unknown(dossier, operation, finding, moment)


def _authorized(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    if finding.amount != operation.amount:
        return mismatched(dossier, operation, finding, moment)
    payment, now = dossier.payment, moment.now
    captured = payment.capture_mode is CaptureMode.AUTOMATIC
    attempt = dossier.attempt.moved_to(
        AttemptState.SUCCEEDED if captured else AttemptState.AUTHORIZED,
        now=now,
        provider_reference=finding.provider_reference,
    )
    payment = payment_moved(
        payment,
        PaymentState.SUCCEEDED if captured else authorized_state(payment),
        now,
        authorized_minor=operation.amount_minor,
        captured_minor=operation.amount_minor if captured else 0,
        action_url=None,
    )
    done = concluded(operation, OperationState.SUCCEEDED, now=now, provider_reference=finding.provider_reference)
    after = dossier.with_payment(payment).with_attempt(attempt).with_operation(done)
    return after, (_success_event(after, operation, moment),)


def _success_event(dossier: Dossier, operation: ProviderOperation, moment: Moment) -> Event:
    payment, event_id = dossier.payment, EventId(moment.new_id())
    if payment.capture_mode is CaptureMode.AUTOMATIC:
        return PaymentCaptured(
            event_id=event_id,
            payment_id=payment.id,
            at=moment.now,
            operation_id=operation.id,
            provider_account_id=payment.provider_account_id,
            amount=operation.amount,
            released=Money(0, payment.currency),
            hold_id=payment.hold_id,
        )
    return PaymentAuthorized(
        event_id=event_id,
        payment_id=payment.id,
        at=moment.now,
        attempt_id=dossier.attempt.id,
        amount=operation.amount,
        hold_id=payment.hold_id,
    )


def mismatched(dossier: Dossier, operation: ProviderOperation, finding: Succeeded, moment: Moment) -> Move:
    """The provider confirmed another amount than we asked for: book nothing, keep the hold at risk, ask a person."""
    reason = f"asked for {operation.amount}, the provider states {finding.amount}"
    done = concluded(
        operation,
        OperationState.SUCCEEDED,
        now=moment.now,
        provider_reference=finding.provider_reference,
        code=PROV_INTEGRITY_MISMATCH.code,
        detail=reason,
    )
    attempt = dossier.attempt
    if attempt.state in IN_PROGRESS:
        reference = attempt.provider_reference or finding.provider_reference
        attempt = attempt.moved_to(AttemptState.UNKNOWN, now=moment.now, provider_reference=reference)
    payment = payment_moved(dossier.payment, PaymentState.NEEDS_REVIEW, moment.now, action_url=None)
    hold_id = payment.hold_id if operation.refund_id is None else dossier.refund(operation.refund_id).hold_id
    event = ReviewNeeded(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        reason=reason,
        hold_id=hold_id,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _accepted(dossier: Dossier, operation: ProviderOperation, finding: AcceptedPending, moment: Moment) -> Move:
    payment, now = dossier.payment, moment.now
    event_id = EventId(moment.new_id())
    done = concluded(operation, OperationState.ACCEPTED_PENDING, now=now, provider_reference=finding.provider_reference)
    event: Event
    if finding.action_url is None:
        state, public = AttemptState.PENDING, PaymentState.PROCESSING
        event = PaymentPending(
            event_id=event_id,
            payment_id=payment.id,
            at=now,
            attempt_id=dossier.attempt.id,
            hold_id=payment.hold_id,
        )
    else:
        state, public = AttemptState.REQUIRES_ACTION, PaymentState.REQUIRES_ACTION
        event = ActionRequired(
            event_id=event_id,
            payment_id=payment.id,
            at=now,
            attempt_id=dossier.attempt.id,
            hold_id=payment.hold_id,
            action_url=finding.action_url,
        )
    attempt = dossier.attempt.moved_to(state, now=now, provider_reference=finding.provider_reference)
    payment = payment_moved(payment, public, now, action_url=finding.action_url, action_fields=finding.action_fields)
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _declined(dossier: Dossier, operation: ProviderOperation, finding: Rejected, moment: Moment) -> Move:
    payment, now = dossier.payment, moment.now
    attempt = dossier.attempt.moved_to(AttemptState.DECLINED, now=now, provider_reference=finding.provider_reference)
    attempt = msgspec.structs.replace(attempt, decline_code=finding.code)
    done = rejected(operation, finding, moment)
    payment = payment_moved(
        payment,
        PaymentState.FAILED,
        now,
        action_url=None,
        failure_code=finding.code,
        failure_message=finding.message,
    )
    event = PaymentDeclined(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        attempt_id=attempt.id,
        amount=payment.amount,
        hold_id=payment.hold_id,
        code=finding.code,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _not_sent(dossier: Dossier, operation: ProviderOperation, finding: NotSent, moment: Moment) -> Move:
    now = moment.now
    attempt = dossier.attempt.moved_to(AttemptState.NOT_SENT, now=now)
    done = not_sent(operation, finding, moment)
    payment = payment_moved(
        dossier.payment,
        PaymentState.CREATED,
        now,
        failure_code=PROV_UNREACHABLE.code,
        failure_message=PROV_UNREACHABLE.title,
    )
    event = PaymentNotSent(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        attempt_id=attempt.id,
        reason=finding.reason,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _abandoned(dossier: Dossier, operation: ProviderOperation, finding: Missing, moment: Moment) -> Move:
    """The customer never did what the payment waited for, and the provider knows nothing of it any more."""
    attempt = dossier.attempt.moved_to(AttemptState.ABANDONED, now=moment.now)
    payment = payment_moved(
        dossier.payment,
        PaymentState.EXPIRED,
        moment.now,
        action_url=None,
        failure_code=ABANDONED_CODE,
        failure_message="The customer did not complete the payment.",
    )
    event = PaymentExpired(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        amount=payment.amount,
        hold_id=payment.hold_id,
    )
    done = missing(operation, finding, moment)
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _missing(dossier: Dossier, operation: ProviderOperation, finding: Missing, moment: Moment) -> Move:
    if dossier.attempt.state is AttemptState.REQUIRES_ACTION:
        return _abandoned(dossier, operation, finding, moment)
    now = moment.now
    attempt = dossier.attempt.moved_to(AttemptState.MISSING_AT_PROVIDER, now=now)
    done = missing(operation, finding, moment)
    payment = payment_moved(
        dossier.payment,
        PaymentState.FAILED,
        now,
        action_url=None,
        failure_code=MISSING_CODE,
        failure_message="The provider never received the payment.",
    )
    event = PaymentMissing(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=now,
        attempt_id=attempt.id,
        amount=payment.amount,
        hold_id=payment.hold_id,
    )
    return dossier.with_payment(payment).with_attempt(attempt).with_operation(done), (event,)


def _unknown(dossier: Dossier, operation: ProviderOperation, finding: Unknown, moment: Moment) -> Move:
    attempt = dossier.attempt.moved_to(AttemptState.UNKNOWN, now=moment.now)
    payment = payment_moved(dossier.payment, PaymentState.PROCESSING, moment.now)
    dossier = dossier.with_payment(payment).with_attempt(attempt)
    return left_unknown(dossier, operation, finding, moment, hold_id=payment.hold_id)


def expire(dossier: Dossier, moment: Moment) -> Move:
    """End a payment that never reached a provider. Raises STATE_CONFLICT for any other, or one that is too young."""
    payment = dossier.payment
    if payment.state is not PaymentState.CREATED or moment.now < payment.created_at + UNSENT_LIFETIME:
        raise MediatorError(STATE_CONFLICT, f"A payment that is {payment.state} does not expire now.")
    event = PaymentExpired(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        amount=payment.amount,
        hold_id=payment.hold_id,
    )
    return dossier.with_payment(payment_moved(payment, PaymentState.EXPIRED, moment.now)), (event,)
