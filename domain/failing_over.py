"""Go on to the next provider account: only after proof that nothing was sent, or after a soft refusal."""

import msgspec

from domain.authorizing import begin_attempt
from domain.dossier import Dossier, Move, not_sent, payment_moved, rejected
from domain.events import AttemptDeclined, Event, PaymentNotSent, PaymentRerouted
from domain.ids import EventId, HoldId, OperationId, ProviderAccountId
from domain.moment import Moment
from domain.payments import AttemptState, PaymentState, ProviderOperation
from domain.providers import Decline, Finding, NotSent, OperationKind, ProviderTerms, Rejected


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """The provider account that is tried next, and on which terms."""

    provider_account_id: ProviderAccountId
    provider: str
    terms: ProviderTerms


def may_fail_over(dossier: Dossier, operation_id: OperationId, finding: Finding) -> bool:
    """Whether this finding proves that the payment may be tried elsewhere (money.md §2).

    True only for the authorization of the latest attempt while it is open, when nothing was sent or the provider
    refused softly. Everything that leaves doubt stays where it is: two providers must never both have it.
    """
    operation = dossier.operation(operation_id)
    is_first_word = (
        operation.kind is OperationKind.AUTHORIZE and operation.is_open and operation.attempt_id == dossier.attempt.id
    )
    match finding:
        case NotSent():
            return is_first_word and dossier.attempt.state is AttemptState.SENDING
        case Rejected(decline=Decline.SOFT):
            return is_first_word
        case _:
            return False


def fail_over(
    dossier: Dossier, operation_id: OperationId, finding: NotSent | Rejected, to: Destination, moment: Moment
) -> Move:
    """Close the attempt with its proof and claim the next one at `to`, in one move: there is no moment in between.

    Raises ValueError where `may_fail_over` forbids it: that is a fault in our code.
    """
    if not may_fail_over(dossier, operation_id, finding):
        message = "this finding does not allow another provider"
        raise ValueError(message)
    operation = dossier.operation(operation_id)
    closed, closing = _closed(dossier, operation, finding, moment)
    moved, moving = _rerouted(closed, finding, to, moment)
    begun, beginning = begin_attempt(moved, moment, terms=to.terms)
    return begun, (closing, *moving, *beginning)


def _closed(
    dossier: Dossier, operation: ProviderOperation, finding: NotSent | Rejected, moment: Moment
) -> tuple[Dossier, Event]:
    now, event_id = moment.now, EventId(moment.new_id())
    attempt = dossier.attempt
    event: Event
    if isinstance(finding, NotSent):
        attempt = attempt.moved_to(AttemptState.NOT_SENT, now=now)
        done = not_sent(operation, finding, moment)
        event = PaymentNotSent(
            event_id=event_id, payment_id=attempt.payment_id, at=now, attempt_id=attempt.id, reason=finding.reason
        )
    else:
        attempt = attempt.moved_to(AttemptState.DECLINED, now=now, provider_reference=finding.provider_reference)
        attempt = msgspec.structs.replace(attempt, decline_code=finding.code)
        done = rejected(operation, finding, moment)
        event = AttemptDeclined(
            event_id=event_id, payment_id=attempt.payment_id, at=now, attempt_id=attempt.id, code=finding.code
        )
    return dossier.with_attempt(attempt).with_operation(done), event


def _rerouted(dossier: Dossier, finding: NotSent | Rejected, to: Destination, moment: Moment) -> Move:
    """Give the payment to the next account; its hold moves along when the account is another one."""
    payment = payment_moved(dossier.payment, PaymentState.CREATED, moment.now, action_url=None, action_fields=None)
    if to.provider_account_id == payment.provider_account_id:
        return dossier.with_payment(payment), ()
    event = PaymentRerouted(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        amount=payment.amount,
        released_hold_id=payment.hold_id,
        hold_id=HoldId(moment.new_id()),
        from_provider_account_id=payment.provider_account_id,
        provider_account_id=to.provider_account_id,
        reason=finding.reason if isinstance(finding, NotSent) else finding.code,
    )
    payment = msgspec.structs.replace(
        payment, provider=to.provider, provider_account_id=to.provider_account_id, hold_id=event.hold_id
    )
    return dossier.with_payment(payment), (event,)
