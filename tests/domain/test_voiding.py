"""Cancelling: what is not captured is let go, and each way in which the provider answers that."""

import pytest

from domain.errors import STATE_CONFLICT, MediatorError
from domain.events import OutcomeUnknown, PaymentPending, PaymentVoided, VoidFailed, VoidStarted
from domain.ledger import HoldState
from domain.money import Money
from domain.payments import AttemptState, CaptureMode, OperationState, PaymentState
from domain.providers import AcceptedPending, Finding, OperationKind, Succeeded
from tests.fakes.story import (
    ACTION,
    CHARGE,
    DECLINED,
    EUR,
    MISSING,
    NOT_SENT,
    PENDING,
    UNKNOWN,
    Story,
    an_order,
    authorized_story,
    captured_story,
)

DID_NOT_HAPPEN = pytest.mark.parametrize(
    "finding", [DECLINED, NOT_SENT, MISSING], ids=["rejected", "not-sent", "missing"]
)
WAITING = pytest.mark.parametrize("waiting", [PENDING, ACTION], ids=["pending", "requires-action"])


def waiting_story(waiting: AcceptedPending) -> Story:
    """A payment whose authorization the provider has and has not confirmed."""
    return Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(waiting)


def test_a_cancellation_is_announced_before_it_is_sent() -> None:
    story = authorized_story().void()

    assert isinstance(story.last, VoidStarted)
    assert story.last.amount == Money(1000, EUR)
    assert story.attempt.state is AttemptState.VOIDING
    assert story.books.holds[story.payment.hold_id].state is HoldState.PENDING


def test_a_cancelled_authorization_releases_everything() -> None:
    story = authorized_story().void().succeed()

    assert story.payment.state is PaymentState.CANCELLED
    assert (story.payment.authorized_minor, story.payment.captured_minor) == (0, 0)
    assert story.attempt.state is AttemptState.VOIDED
    assert isinstance(story.last, PaymentVoided)
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


def test_what_was_captured_stays_captured_when_the_rest_is_cancelled() -> None:
    story = authorized_story().capture(400).succeed().void().succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert (story.payment.authorized_minor, story.payment.captured_minor) == (400, 400)
    assert story.attempt.state is AttemptState.SUCCEEDED
    assert isinstance(story.last, PaymentVoided)
    assert story.last.amount == Money(600, EUR)
    hold = story.books.holds[story.payment.hold_id]
    assert (hold.state, hold.posted_minor, hold.released_minor) == (HoldState.POSTED, 400, 600)


@DID_NOT_HAPPEN
def test_a_cancellation_that_did_not_happen_leaves_the_authorization(finding: Finding) -> None:
    story = authorized_story().void().settle(finding)

    assert story.payment.state is PaymentState.AUTHORIZED
    assert story.attempt.state is AttemptState.AUTHORIZED
    assert isinstance(story.last, VoidFailed)
    assert story.books.holds[story.payment.hold_id].rest_minor == 1000
    assert story.capture().succeed().payment.captured_minor == 1000


@DID_NOT_HAPPEN
def test_a_cancellation_that_did_not_happen_leaves_a_part_captured(finding: Finding) -> None:
    story = authorized_story().capture(400).succeed().void().settle(finding)

    assert story.payment.state is PaymentState.PARTIALLY_CAPTURED
    assert story.capture().succeed().payment.captured_minor == 1000


@WAITING
def test_an_authorization_that_waits_can_be_cancelled_and_ends_with_it(waiting: AcceptedPending) -> None:
    story = waiting_story(waiting).void().succeed()

    assert story.payment.state is PaymentState.CANCELLED
    assert story.payment.action_url is None
    assert story.operation(OperationKind.AUTHORIZE).state is OperationState.REJECTED
    assert story.dossier.open_operation is None
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED


@WAITING
@DID_NOT_HAPPEN
def test_an_authorization_is_asked_about_again_when_its_cancellation_did_not_happen(
    waiting: AcceptedPending, finding: Finding
) -> None:
    story = waiting_story(waiting)
    before = story.payment
    story.void()
    assert story.operation(OperationKind.AUTHORIZE).next_query_at is None
    story.settle(finding)

    assert story.payment.state is before.state
    assert story.payment.action_url == before.action_url
    assert story.operation(OperationKind.AUTHORIZE).next_query_at is not None
    assert story.succeed(OperationKind.AUTHORIZE).payment.state is PaymentState.AUTHORIZED


@WAITING
def test_an_authorization_is_not_settled_while_its_cancellation_is_open(waiting: AcceptedPending) -> None:
    story = waiting_story(waiting).void()
    before = story.dossier
    story.succeed(OperationKind.AUTHORIZE)

    assert story.dossier == before


def test_an_authorization_is_asked_about_again_when_another_amount_was_let_go() -> None:
    story = Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(PENDING).void()
    story.settle(Succeeded(CHARGE, Money(999, EUR)))

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert story.operation(OperationKind.AUTHORIZE).next_query_at is not None


def test_a_cancellation_that_the_provider_takes_for_later_keeps_the_hold() -> None:
    story = authorized_story().void().settle(PENDING)

    assert story.attempt.state is AttemptState.VOIDING
    assert isinstance(story.last, PaymentPending)
    assert story.succeed().payment.state is PaymentState.CANCELLED


def test_a_cancellation_of_unknown_outcome_puts_the_hold_at_risk_until_it_is_answered() -> None:
    story = authorized_story().void().settle(UNKNOWN)

    assert story.attempt.state is AttemptState.UNKNOWN
    assert isinstance(story.last, OutcomeUnknown)
    assert story.books.holds[story.payment.hold_id].at_risk
    assert story.succeed().payment.state is PaymentState.CANCELLED


@WAITING
@pytest.mark.parametrize("finding", [None, DECLINED, MISSING], ids=["succeeded", "rejected", "missing"])
def test_doubt_about_the_cancellation_of_a_waiting_payment_ends_with_its_answer(
    waiting: AcceptedPending, finding: Finding | None
) -> None:
    story = waiting_story(waiting)
    before = story.payment.state
    story.void().settle(UNKNOWN)
    story = story.succeed() if finding is None else story.settle(finding)

    assert story.payment.state is (PaymentState.CANCELLED if finding is None else before)
    assert not story.books.holds[story.payment.hold_id].at_risk


@pytest.mark.parametrize(
    "story",
    [
        Story(),
        Story().settle(UNKNOWN),
        Story().settle(DECLINED),
        captured_story(),
        authorized_story().capture(400),
        authorized_story().capture(400).settle(UNKNOWN),
        authorized_story().void(),
        authorized_story().void().succeed(),
    ],
    ids=["sending", "unknown", "declined", "succeeded", "capturing", "capture-unknown", "voiding", "cancelled"],
)
def test_nothing_is_cancelled_where_there_is_nothing_to_release_or_doubt(story: Story) -> None:
    with pytest.raises(MediatorError) as refusal:
        story.void()
    assert refusal.value.entry is STATE_CONFLICT


@pytest.mark.parametrize(
    ("story", "seconds"),
    [(Story(), 2), (authorized_story().capture(400).settle(UNKNOWN), 2), (captured_story(), None)],
    ids=["sending", "unknown", "succeeded"],
)
def test_the_refusal_says_when_to_try_again_only_if_that_can_help(story: Story, seconds: int | None) -> None:
    with pytest.raises(MediatorError) as refusal:
        story.void()
    assert refusal.value.retry_after_seconds == seconds
