"""Capturing: part or all of an authorization, never more, and each way in which it ends."""

import pytest

from domain.errors import CAPTURE_EXCEEDS_AUTHORIZATION, STATE_CONFLICT, MediatorError
from domain.events import CaptureFailed, CaptureStarted, OutcomeUnknown, PaymentCaptured, PaymentPending, ReviewNeeded
from domain.ledger import HoldState
from domain.money import Money
from domain.payments import AttemptState, OperationState, PaymentState
from domain.providers import Finding, Succeeded
from tests.fakes.story import (
    CHARGE,
    DECLINED,
    EUR,
    MISSING,
    NOT_SENT,
    PENDING,
    UNKNOWN,
    Story,
    authorized_story,
    captured_story,
)


def test_a_capture_is_announced_before_it_is_sent_and_moves_no_money() -> None:
    story = authorized_story().capture(400)

    assert isinstance(story.last, CaptureStarted)
    assert story.attempt.state is AttemptState.CAPTURING
    assert story.payment.captured_minor == 0
    assert story.books.entries == []


def test_capturing_everything_ends_the_payment_and_its_hold() -> None:
    story = authorized_story().capture().succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert story.payment.captured_minor == 1000
    assert story.attempt.state is AttemptState.SUCCEEDED
    assert story.books.holds[story.payment.hold_id].state is HoldState.POSTED
    assert story.books.booked(story.payment.id, "capture") == 1000


def test_capturing_a_part_leaves_the_rest_for_another_capture() -> None:
    story = authorized_story().capture(400).succeed()

    assert story.payment.state is PaymentState.PARTIALLY_CAPTURED
    assert (story.payment.captured_minor, story.payment.capturable.minor) == (400, 600)
    assert story.attempt.state is AttemptState.AUTHORIZED
    assert story.books.holds[story.payment.hold_id].rest_minor == 600


def test_a_final_capture_of_a_part_lets_the_rest_go() -> None:
    story = authorized_story().capture(400, final=True).succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert (story.payment.captured_minor, story.payment.authorized_minor) == (400, 400)
    assert isinstance(story.last, PaymentCaptured)
    assert story.last.released == Money(600, EUR)
    hold = story.books.holds[story.payment.hold_id]
    assert (hold.state, hold.posted_minor, hold.released_minor) == (HoldState.POSTED, 400, 600)


def test_parts_add_up_and_the_last_of_them_ends_the_payment_by_itself() -> None:
    story = authorized_story().capture(1).succeed().capture(998).succeed().capture(1).succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert story.payment.captured_minor == 1000
    assert story.books.booked(story.payment.id, "capture") == 1000
    assert story.books.holds[story.payment.hold_id].state is HoldState.POSTED


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (DECLINED, OperationState.REJECTED),
        (NOT_SENT, OperationState.NOT_SENT),
        (MISSING, OperationState.MISSING),
    ],
    ids=["rejected", "not-sent", "missing"],
)
@pytest.mark.parametrize("captured_minor", [0, 300], ids=["first", "second"])
def test_a_capture_that_did_not_happen_leaves_the_authorization_as_it_was(
    finding: Finding, state: OperationState, captured_minor: int
) -> None:
    story = authorized_story()
    if captured_minor:
        story.capture(captured_minor).succeed()
    before = story.payment
    story.capture(400).settle(finding)

    assert story.payment.state is before.state
    assert story.payment.captured_minor == captured_minor
    assert story.attempt.state is AttemptState.AUTHORIZED
    assert story.operation().state is state
    assert isinstance(story.last, CaptureFailed)
    assert story.books.holds[story.payment.hold_id].rest_minor == 1000 - captured_minor
    assert story.capture(1000 - captured_minor).succeed().payment.captured_minor == 1000


def test_a_capture_that_the_provider_takes_for_later_keeps_its_hold() -> None:
    story = authorized_story().capture(400).settle(PENDING)

    assert story.attempt.state is AttemptState.CAPTURING
    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert isinstance(story.last, PaymentPending)
    assert story.payment.captured_minor == 0
    assert story.succeed().payment.captured_minor == 400


def test_a_capture_of_unknown_outcome_puts_the_hold_at_risk() -> None:
    story = authorized_story().capture(400).settle(UNKNOWN)

    assert story.attempt.state is AttemptState.UNKNOWN
    assert isinstance(story.last, OutcomeUnknown)
    assert story.last.amount == Money(400, EUR)
    assert story.books.holds[story.payment.hold_id].at_risk


@pytest.mark.parametrize("finding", [None, DECLINED, MISSING], ids=["succeeded", "rejected", "missing"])
def test_doubt_about_a_capture_ends_with_its_answer(finding: Finding | None) -> None:
    story = authorized_story().capture(400).settle(UNKNOWN)
    story = story.succeed() if finding is None else story.settle(finding)

    assert story.payment.captured_minor == (400 if finding is None else 0)
    assert story.attempt.state is AttemptState.AUTHORIZED
    assert not story.books.holds[story.payment.hold_id].at_risk


def test_a_capture_is_at_risk_no_more_when_the_provider_turns_out_to_have_it() -> None:
    story = authorized_story().capture(400).settle(UNKNOWN).settle(PENDING)

    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert not story.books.holds[story.payment.hold_id].at_risk


def test_a_capture_confirmed_with_another_amount_books_nothing_and_asks_a_person() -> None:
    story = authorized_story().capture(400).settle(Succeeded(CHARGE, Money(401, EUR)))

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert story.payment.captured_minor == 0
    assert isinstance(story.last, ReviewNeeded)
    assert story.books.entries == []
    assert story.books.holds[story.payment.hold_id].at_risk


@pytest.mark.parametrize("amount_minor", [1001, 2**53])
def test_more_than_is_authorized_is_refused(amount_minor: int) -> None:
    story = authorized_story()

    with pytest.raises(MediatorError) as refusal:
        story.capture(amount_minor)
    assert refusal.value.entry is CAPTURE_EXCEEDS_AUTHORIZATION
    assert [error.pointer for error in refusal.value.errors] == ["/amount"]


def test_more_than_is_left_is_refused() -> None:
    story = authorized_story().capture(400).succeed()

    with pytest.raises(MediatorError) as refusal:
        story.capture(601)
    assert refusal.value.entry is CAPTURE_EXCEEDS_AUTHORIZATION


@pytest.mark.parametrize("amount_minor", [0, -1, -1000])
def test_nothing_and_less_than_nothing_are_not_captured(amount_minor: int) -> None:
    story = authorized_story()

    with pytest.raises(MediatorError):
        story.capture(amount_minor)


@pytest.mark.parametrize(
    "story",
    [
        Story(),
        Story().settle(NOT_SENT),
        Story().settle(DECLINED),
        captured_story(),
        authorized_story().void().succeed(),
        Story().settle(Succeeded(CHARGE, Money(1, EUR))),
    ],
    ids=["sending", "created", "declined", "succeeded", "cancelled", "needs-review"],
)
def test_only_an_authorized_payment_is_captured(story: Story) -> None:
    with pytest.raises(MediatorError) as refusal:
        story.capture()
    assert refusal.value.entry is STATE_CONFLICT


@pytest.mark.parametrize(
    "story",
    [
        authorized_story().capture(400),
        authorized_story().capture(400).settle(UNKNOWN),
        authorized_story().capture(400).settle(PENDING),
        authorized_story().void(),
        authorized_story().void().settle(UNKNOWN),
    ],
    ids=["capturing", "unknown", "pending", "voiding", "void-unknown"],
)
def test_nothing_is_captured_while_another_outcome_is_open(story: Story) -> None:
    with pytest.raises(MediatorError) as refusal:
        story.capture(1)
    assert refusal.value.entry is STATE_CONFLICT
    assert refusal.value.retry_after_seconds == 2


def test_an_open_refund_does_not_stop_a_capture() -> None:
    story = authorized_story().capture(400).succeed().give_back(100).capture(100).succeed()

    assert story.payment.captured_minor == 500
