"""A payment begins, and its authorization ends in each way there is."""

from datetime import timedelta

import pytest

from domain.authorizing import UNSENT_LIFETIME, begin_attempt
from domain.dossier import SEND_WITHIN
from domain.errors import PROV_INTEGRITY_MISMATCH, PROV_UNREACHABLE, STATE_CONFLICT, MediatorError
from domain.events import (
    ActionRequired,
    AttemptStarted,
    OutcomeUnknown,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCreated,
    PaymentDeclined,
    PaymentExpired,
    PaymentMissing,
    PaymentNotSent,
    PaymentPending,
    PaymentVoided,
    ReviewNeeded,
)
from domain.ids import Prefix, public_id
from domain.ledger import HoldState
from domain.money import Money
from domain.payments import AttemptState, CaptureMode, OperationState, PaymentState
from domain.providers import AcceptedPending, Decline, OperationKind, Succeeded
from tests.fakes.story import (
    ACTION,
    CHARGE,
    DECLINED,
    EUR,
    MISSING,
    NOT_SENT,
    PENDING,
    TERMS,
    UNKNOWN,
    Story,
    an_order,
    authorized_story,
)


def manual() -> Story:
    """A payment under way that shall be captured later."""
    return Story(an_order(capture_mode=CaptureMode.MANUAL))


def test_a_payment_begins_with_its_amount_held_and_its_attempt_claimed() -> None:
    story = Story()

    assert [type(event) for event in story.events] == [PaymentCreated, AttemptStarted]
    assert story.payment.state is PaymentState.PROCESSING
    assert story.attempt.state is AttemptState.SENDING
    assert story.attempt.number == 1
    assert story.books.holds[story.payment.hold_id].amount_minor == 1000
    assert story.books.entries == []


def test_what_was_ordered_is_kept_as_it_was_said() -> None:
    order = an_order(amount_minor=777, currency="KWD")
    payment = Story(order).payment

    assert (payment.amount, payment.reference, payment.metadata) == (order.amount, "order-1", {"basket": "7"})
    assert (payment.description, payment.return_url) == ("A book", "https://shop.example/back")
    assert (payment.authorized_minor, payment.captured_minor, payment.refunded_minor) == (0, 0, 0)


def test_the_outbound_key_is_made_of_the_operation_before_anything_is_sent() -> None:
    operation = Story().operation()

    assert operation.kind is OperationKind.AUTHORIZE
    assert operation.state is OperationState.SENDING
    assert operation.key == public_id(Prefix.OPERATION, operation.id)


def test_the_right_to_send_ends_before_the_first_query_is_due() -> None:
    operation = Story().operation()

    assert operation.send_by == operation.created_at + SEND_WITHIN
    assert operation.next_query_at is not None
    assert operation.next_query_at > operation.send_by + timedelta(seconds=TERMS.deadline_seconds)


def test_success_captures_a_payment_that_is_captured_automatically() -> None:
    story = Story().succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert (story.payment.authorized_minor, story.payment.captured_minor) == (1000, 1000)
    assert story.attempt.state is AttemptState.SUCCEEDED
    assert story.attempt.provider_reference == CHARGE
    assert story.operation().state is OperationState.SUCCEEDED
    assert isinstance(story.last, PaymentCaptured)
    assert story.books.holds[story.payment.hold_id].state is HoldState.POSTED
    assert story.books.booked(story.payment.id, "capture") == 1000


def test_success_reserves_a_payment_that_is_captured_later() -> None:
    story = manual().succeed()

    assert story.payment.state is PaymentState.AUTHORIZED
    assert (story.payment.authorized_minor, story.payment.captured_minor) == (1000, 0)
    assert story.attempt.state is AttemptState.AUTHORIZED
    assert isinstance(story.last, PaymentAuthorized)
    assert story.books.holds[story.payment.hold_id].state is HoldState.PENDING
    assert story.books.entries == []


@pytest.mark.parametrize("mode", CaptureMode)
def test_a_decline_fails_the_payment_and_releases_its_hold(mode: CaptureMode) -> None:
    story = Story(an_order(capture_mode=mode)).settle(DECLINED)

    assert story.payment.state is PaymentState.FAILED
    assert (story.payment.failure_code, story.payment.failure_message) == (
        "insufficient_funds",
        "Insufficient funds",
    )
    assert story.attempt.state is AttemptState.DECLINED
    assert story.attempt.decline_code == "insufficient_funds"
    assert story.operation().state is OperationState.REJECTED
    assert story.operation().decline is Decline.SOFT
    assert isinstance(story.last, PaymentDeclined)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


def test_what_was_not_sent_waits_for_another_try_with_its_hold() -> None:
    story = Story().settle(NOT_SENT)

    assert story.payment.state is PaymentState.CREATED
    assert story.payment.failure_code == PROV_UNREACHABLE.code
    assert story.attempt.state is AttemptState.NOT_SENT
    assert story.operation().state is OperationState.NOT_SENT
    assert isinstance(story.last, PaymentNotSent)
    assert story.books.holds[story.payment.hold_id].state is HoldState.PENDING


def test_what_the_provider_takes_for_later_stays_processing() -> None:
    story = Story().settle(PENDING)

    assert story.payment.state is PaymentState.PROCESSING
    assert story.attempt.state is AttemptState.PENDING
    assert story.attempt.provider_reference == CHARGE
    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert isinstance(story.last, PaymentPending)


def test_the_customer_is_sent_where_the_provider_wants_him() -> None:
    story = Story().settle(ACTION)

    assert story.payment.state is PaymentState.REQUIRES_ACTION
    assert story.payment.action_url == ACTION.action_url
    assert story.attempt.state is AttemptState.REQUIRES_ACTION
    assert isinstance(story.last, ActionRequired)


def test_the_customer_is_not_sent_there_again_once_the_payment_is_decided() -> None:
    assert Story().settle(ACTION).succeed().payment.action_url is None
    assert Story().settle(ACTION).settle(DECLINED).payment.action_url is None


def test_an_unknown_outcome_keeps_the_hold_and_puts_it_at_risk() -> None:
    story = Story().settle(UNKNOWN)

    assert story.payment.state is PaymentState.PROCESSING
    assert story.attempt.state is AttemptState.UNKNOWN
    assert story.operation().state is OperationState.UNKNOWN
    assert isinstance(story.last, OutcomeUnknown)
    hold = story.books.holds[story.payment.hold_id]
    assert (hold.state, hold.at_risk) == (HoldState.PENDING, True)


def test_a_payment_that_never_arrived_fails_and_releases_its_hold() -> None:
    story = Story().settle(UNKNOWN).settle(MISSING)

    assert story.payment.state is PaymentState.FAILED
    assert story.attempt.state is AttemptState.MISSING_AT_PROVIDER
    assert story.operation().state is OperationState.MISSING
    assert isinstance(story.last, PaymentMissing)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


@pytest.mark.parametrize("amount", [Money(999, EUR), Money(1001, EUR)], ids=str)
def test_a_success_with_another_amount_books_nothing_and_asks_a_person(amount: Money) -> None:
    story = Story().settle(Succeeded(CHARGE, amount))

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert story.payment.captured_minor == 0
    assert story.attempt.state is AttemptState.UNKNOWN
    assert story.operation().code == PROV_INTEGRITY_MISMATCH.code
    assert isinstance(story.last, ReviewNeeded)
    hold = story.books.holds[story.payment.hold_id]
    assert (hold.state, hold.at_risk) == (HoldState.PENDING, True)
    assert story.books.entries == []


def test_doubt_is_over_for_the_hold_once_the_authorization_is_confirmed() -> None:
    story = manual().settle(UNKNOWN).succeed()

    assert not story.books.holds[story.payment.hold_id].at_risk


@pytest.mark.parametrize("finding", [PENDING, ACTION], ids=["pending", "action"])
def test_a_hold_is_at_risk_no_more_when_the_provider_turns_out_to_have_the_payment(finding: AcceptedPending) -> None:
    story = Story().settle(UNKNOWN).settle(finding)

    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert not story.books.holds[story.payment.hold_id].at_risk


def test_the_customer_is_not_waited_for_once_the_provider_is_at_work_again() -> None:
    story = Story().settle(ACTION).settle(PENDING)

    assert story.payment.state is PaymentState.PROCESSING
    assert story.payment.action_url is None


def test_a_customer_is_still_sent_on_when_the_provider_asks_for_it_later() -> None:
    story = Story().settle(PENDING).settle(ACTION)

    assert story.payment.state is PaymentState.REQUIRES_ACTION
    assert story.payment.action_url == ACTION.action_url


def test_another_try_is_a_new_attempt_with_a_key_of_its_own_under_the_same_hold() -> None:
    story = Story().settle(NOT_SENT)
    first = story.operation()
    story.try_again()

    assert [attempt.number for attempt in story.dossier.attempts] == [1, 2]
    assert story.operation().key != first.key
    assert story.payment.failure_code is None
    assert len(story.books.holds) == 1
    assert story.succeed().payment.state is PaymentState.SUCCEEDED


@pytest.mark.parametrize(
    "story",
    [
        Story(),
        Story().settle(UNKNOWN),
        Story().settle(PENDING),
        Story().settle(DECLINED),
        Story().succeed(),
        authorized_story(),
        Story().settle(NOT_SENT).cancel_unsent(),
    ],
    ids=["sending", "unknown", "pending", "declined", "succeeded", "authorized", "cancelled"],
)
def test_nothing_else_is_attempted_while_the_payment_waits_for_no_attempt(story: Story) -> None:
    with pytest.raises(MediatorError) as refusal:
        begin_attempt(story.dossier, story.world.moment(), terms=TERMS)

    assert refusal.value.entry is STATE_CONFLICT


def test_a_payment_that_was_never_sent_is_cancelled_without_asking_anybody() -> None:
    story = Story().settle(NOT_SENT).cancel_unsent()

    assert story.payment.state is PaymentState.CANCELLED
    assert isinstance(story.last, PaymentVoided)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


def test_a_payment_that_was_never_sent_expires_after_its_lifetime() -> None:
    story = Story().settle(NOT_SENT)
    story.world.now = story.payment.created_at + UNSENT_LIFETIME
    story.expire()

    assert story.payment.state is PaymentState.EXPIRED
    assert isinstance(story.last, PaymentExpired)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


def test_a_payment_does_not_expire_a_moment_too_early() -> None:
    story = Story().settle(NOT_SENT)
    story.world.now = story.payment.created_at + UNSENT_LIFETIME - timedelta(milliseconds=2)

    with pytest.raises(MediatorError) as refusal:
        story.expire()
    assert refusal.value.entry is STATE_CONFLICT


@pytest.mark.parametrize(
    "story",
    [Story(), Story().settle(UNKNOWN), Story().settle(ACTION), authorized_story(), Story().succeed()],
    ids=["sending", "unknown", "requires-action", "authorized", "succeeded"],
)
def test_a_payment_that_a_provider_may_have_never_expires_by_itself(story: Story) -> None:
    story.wait(days=400)

    with pytest.raises(MediatorError) as refusal:
        story.expire()
    assert refusal.value.entry is STATE_CONFLICT


def test_a_payment_whose_customer_never_came_expires_when_the_provider_knows_nothing_of_it() -> None:
    story = Story().settle(ACTION).settle(MISSING)

    assert (story.payment.state, story.payment.failure_code) == (PaymentState.EXPIRED, "abandoned")
    assert story.attempt.state is AttemptState.ABANDONED
    assert story.payment.action_url is None
    assert isinstance(story.last, PaymentExpired)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


def test_a_customer_who_pays_after_all_corrects_the_expiry() -> None:
    story = Story().settle(ACTION).settle(MISSING).succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert story.payment.captured_minor == story.payment.amount_minor
    assert not any(story.books.sums().values())
