"""Settling: repeated words change nothing, late truth wins with its evidence, doubt ends with a person."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.dossier import QUERY_DELAYS
from domain.errors import NOT_FOUND, PROV_INTEGRITY_MISMATCH, MediatorError
from domain.events import OperationQueried, PaymentCorrected, ReviewNeeded
from domain.ids import OperationId
from domain.ledger import HoldState
from domain.money import Currency, Money
from domain.payments import AttemptState, CaptureMode, OperationState, PaymentState
from domain.providers import Finding, Missing, OperationKind, Succeeded, Unknown
from domain.settling import judged, settle
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

BEGINNINGS: dict[OperationKind, Callable[[], Story]] = {
    OperationKind.AUTHORIZE: Story,
    OperationKind.CAPTURE: lambda: authorized_story().capture(400),
    OperationKind.VOID: lambda: authorized_story().void(),
    OperationKind.REFUND: lambda: captured_story().give_back(300),
}
"""A story with an operation of each kind under way."""

EVERY_KIND = pytest.mark.parametrize("kind", [one for one in OperationKind if one is not OperationKind.PAYOUT])
EVERY_FINDING = pytest.mark.parametrize(
    "finding",
    [None, DECLINED, NOT_SENT, MISSING, UNKNOWN, PENDING, ACTION],
    ids=["succeeded", "rejected", "not-sent", "missing", "unknown", "pending", "action"],
)


def told(story: Story, finding: Finding | None) -> Finding:
    """Give the finding, or success with what the latest operation asks for."""
    return Succeeded(CHARGE, story.operation().amount) if finding is None else finding


@EVERY_KIND
@EVERY_FINDING
def test_hearing_the_same_twice_changes_nothing_more(kind: OperationKind, finding: Finding | None) -> None:
    story = BEGINNINGS[kind]()
    story.settle(told(story, finding))
    once, events = story.dossier, len(story.events)
    story.settle(told(story, finding)).settle(told(story, finding))

    assert story.dossier == once
    assert len(story.events) == events


@EVERY_KIND
@pytest.mark.parametrize("final", [None, DECLINED, MISSING], ids=["succeeded", "rejected", "missing"])
@pytest.mark.parametrize(
    "doubt", [UNKNOWN, NOT_SENT, PENDING, MISSING], ids=["unknown", "not-sent", "pending", "missing"]
)
def test_a_doubt_never_takes_back_what_was_confirmed(
    kind: OperationKind, final: Finding | None, doubt: Finding
) -> None:
    story = BEGINNINGS[kind]()
    story.settle(told(story, final))
    once = story.dossier
    story.settle(doubt)

    assert story.dossier == once


@EVERY_KIND
@pytest.mark.parametrize("doubt", [UNKNOWN, MISSING, NOT_SENT], ids=["unknown", "missing", "not-sent"])
def test_what_the_provider_has_accepted_is_not_lost_again_to_a_doubt(kind: OperationKind, doubt: Finding) -> None:
    story = BEGINNINGS[kind]().settle(PENDING)
    once = story.dossier
    story.settle(doubt)

    assert story.dossier == once


@EVERY_KIND
@pytest.mark.parametrize("stated", [Money(1, EUR), Money(1000, Currency("USD"))], ids=["amount", "currency"])
def test_a_success_with_another_amount_or_currency_books_nothing_and_calls_a_person(
    kind: OperationKind, stated: Money
) -> None:
    story = BEGINNINGS[kind]()
    before, entries = story.payment, len(story.books.entries)
    story.settle(Succeeded(CHARGE, stated))

    assert (story.payment.state, len(story.books.entries)) == (PaymentState.NEEDS_REVIEW, entries)
    assert (story.payment.captured_minor, story.payment.authorized_minor) == (
        before.captured_minor,
        before.authorized_minor,
    )
    assert (story.operation().code, type(story.last)) == (PROV_INTEGRITY_MISMATCH.code, ReviewNeeded)


@pytest.mark.parametrize("kind", [OperationKind.CAPTURE, OperationKind.REFUND])
def test_a_failure_that_is_told_after_a_success_books_nothing_and_calls_a_person_once(kind: OperationKind) -> None:
    story = BEGINNINGS[kind]().succeed()
    before, entries = story.payment, len(story.books.entries)
    story.settle(DECLINED).settle(DECLINED)

    assert (story.payment.state, len(story.books.entries)) == (PaymentState.NEEDS_REVIEW, entries)
    assert (story.payment.captured_minor, story.payment.refunded_minor) == (
        before.captured_minor,
        before.refunded_minor,
    )
    assert sum(isinstance(event, ReviewNeeded) for event in story.events) == 1


@pytest.mark.parametrize("kind", [OperationKind.AUTHORIZE, OperationKind.VOID])
def test_a_decline_after_a_success_is_not_believed(kind: OperationKind) -> None:
    story = BEGINNINGS[kind]().succeed()
    once = story.dossier
    story.settle(DECLINED)

    assert story.dossier == once


def test_an_operation_of_another_payment_is_not_settled() -> None:
    story, other = Story(), captured_story().give_back(1)

    with pytest.raises(MediatorError) as refusal:
        settle(story.dossier, OperationId(other.refund().id), UNKNOWN, story.world.moment())
    assert refusal.value.entry is NOT_FOUND


@pytest.mark.parametrize("ended_by", [DECLINED, MISSING], ids=["declined", "missing"])
def test_a_late_success_corrects_a_failed_payment_that_is_captured_at_once(ended_by: Finding) -> None:
    story = Story().settle(ended_by).succeed()

    assert story.payment.state is PaymentState.SUCCEEDED
    assert story.payment.captured_minor == 1000
    assert story.payment.failure_code is None
    assert story.attempt.state is AttemptState.SUCCEEDED
    assert isinstance(story.last, PaymentCorrected)
    assert CHARGE in story.last.evidence
    assert story.books.holds[story.payment.hold_id].state is HoldState.VOIDED
    assert story.books.booked(story.payment.id, "capture") == 1000


@pytest.mark.parametrize("ended_by", [DECLINED, MISSING], ids=["declined", "missing"])
def test_a_late_success_holds_the_money_again_when_it_is_captured_later(ended_by: Finding) -> None:
    story = Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(ended_by)
    released = story.payment.hold_id
    story.succeed()

    assert story.payment.state is PaymentState.AUTHORIZED
    assert story.payment.hold_id != released
    assert story.books.holds[story.payment.hold_id].rest_minor == 1000
    assert story.capture().succeed().payment.captured_minor == 1000


def test_a_late_success_with_another_amount_is_a_matter_for_a_person() -> None:
    story = Story().settle(DECLINED).settle(Succeeded(CHARGE, Money(999, EUR)))

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert story.payment.captured_minor == 0
    assert isinstance(story.last, ReviewNeeded)


@pytest.mark.parametrize(
    "story",
    [
        Story().settle(NOT_SENT),
        Story().settle(NOT_SENT).cancel_unsent(),
        Story().settle(NOT_SENT).wait(days=2).expire(),
        authorized_story().capture(400).settle(DECLINED),
        authorized_story().void().settle(DECLINED),
        captured_story().give_back(300).settle(DECLINED),
    ],
    ids=["not-sent", "cancelled", "expired", "capture", "void", "refund"],
)
def test_a_late_success_that_nobody_can_correct_is_a_matter_for_a_person(story: Story) -> None:
    before = story.payment
    story.succeed()

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert isinstance(story.last, ReviewNeeded)
    assert (story.payment.captured_minor, story.payment.refunded_minor) == (
        before.captured_minor,
        before.refunded_minor,
    )


def test_a_person_is_called_once_however_often_the_contradiction_is_heard() -> None:
    story = authorized_story().capture(400).settle(DECLINED).succeed().succeed().succeed()

    assert sum(isinstance(event, ReviewNeeded) for event in story.events) == 1


def test_the_success_of_a_cancelled_authorization_is_no_contradiction() -> None:
    story = Story(an_order(capture_mode=CaptureMode.MANUAL)).settle(PENDING).void().succeed()
    once = story.dossier
    story.succeed(OperationKind.AUTHORIZE)

    assert story.dossier == once


@EVERY_FINDING
def test_a_charge_of_an_earlier_attempt_is_not_forgotten_however_the_next_attempt_ends(
    finding: Finding | None,
) -> None:
    story = Story().settle(NOT_SENT)
    first = story.operation()
    story.try_again().settle(Succeeded("ch_of_the_first_attempt", first.amount), first.id)
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    story.settle(told(story, finding))

    assert story.payment.state is PaymentState.NEEDS_REVIEW


def test_a_refund_that_nobody_can_tell_of_is_not_forgotten_when_the_rest_is_cancelled() -> None:
    story = authorized_story().capture(400).succeed().give_back(300).settle(UNKNOWN)
    while story.operation().next_query_at is not None:
        story.wait_for_query().settle(UNKNOWN)
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    story.void().succeed()

    assert story.payment.state is PaymentState.NEEDS_REVIEW


def test_a_payment_goes_on_when_the_refund_that_nobody_could_tell_of_is_answered_after_all() -> None:
    story = exhausted(OperationKind.REFUND).succeed()

    assert story.payment.state is PaymentState.SUCCEEDED


def test_a_refund_under_review_is_not_forgotten_when_a_capture_succeeds() -> None:
    story = authorized_story().capture(400).succeed().capture(100).give_back(300)
    refund = story.operation()
    story.settle(Succeeded(CHARGE, Money(3, EUR)), refund.id)
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    story.succeed(OperationKind.CAPTURE)

    assert story.payment.state is PaymentState.NEEDS_REVIEW


def test_a_refund_under_review_is_not_forgotten_when_the_rest_is_cancelled() -> None:
    story = authorized_story().capture(400).succeed().give_back(300).settle(Succeeded(CHARGE, Money(3, EUR)))
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    story.void().succeed()

    assert story.payment.state is PaymentState.NEEDS_REVIEW


@pytest.mark.parametrize("kind", [OperationKind.AUTHORIZE, OperationKind.CAPTURE, OperationKind.VOID])
def test_a_payment_under_review_for_want_of_an_answer_goes_on_when_the_answer_comes(kind: OperationKind) -> None:
    story = exhausted(kind)
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    story.succeed()

    assert story.payment.state is not PaymentState.NEEDS_REVIEW


def test_not_found_proves_nothing_before_the_visibility_horizon_has_passed() -> None:
    operation = Story().operation()
    horizon = timedelta(seconds=30)
    early = operation.send_by + timedelta(seconds=2) + horizon - timedelta(microseconds=1)

    assert isinstance(judged(MISSING, operation, deadline_seconds=2, horizon_seconds=30, now=early), Unknown)
    assert isinstance(
        judged(MISSING, operation, deadline_seconds=2, horizon_seconds=30, now=operation.created_at), Unknown
    )


@pytest.mark.parametrize(
    "finding", [DECLINED, PENDING, UNKNOWN, Succeeded(CHARGE, Money(1, EUR))], ids=lambda one: type(one).__name__
)
def test_everything_else_is_taken_at_its_word(finding: Finding) -> None:
    operation = Story().operation()

    assert judged(finding, operation, deadline_seconds=2, horizon_seconds=30, now=operation.created_at) == finding


def test_not_found_is_an_answer_long_after_the_horizon() -> None:
    operation = Story().operation()

    later = operation.send_by + timedelta(days=1)
    assert isinstance(judged(MISSING, operation, deadline_seconds=2, horizon_seconds=30, now=later), Missing)


def exhausted(kind: OperationKind) -> Story:
    """Ask about an operation of unknown outcome until there is nobody left to ask."""
    story = BEGINNINGS[kind]().settle(UNKNOWN)
    while story.operation().next_query_at is not None:
        story.wait_for_query().settle(UNKNOWN)
    return story


@EVERY_KIND
def test_the_provider_is_asked_ever_more_rarely_and_then_a_person(kind: OperationKind) -> None:
    story = exhausted(kind)

    assert story.operation().queries == len(QUERY_DELAYS)
    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert isinstance(story.last, ReviewNeeded)
    assert sum(isinstance(event, OperationQueried) for event in story.events) == len(QUERY_DELAYS) - 1


@EVERY_KIND
def test_the_ladder_of_queries_spans_a_week(kind: OperationKind) -> None:
    story = BEGINNINGS[kind]()
    begun = story.world.now
    story = exhausted(kind)

    assert timedelta(days=7) <= story.world.now - begun <= timedelta(days=8)


def test_each_query_is_later_than_the_one_before_by_the_next_delay() -> None:
    story = Story().settle(UNKNOWN)
    delays = []
    while story.operation().next_query_at is not None:
        operation = story.operation()
        delays.append(operation.next_query_at - operation.updated_at if operation.next_query_at else None)
        story.wait_for_query().settle(UNKNOWN)

    assert tuple(delays) == QUERY_DELAYS


@EVERY_KIND
def test_nothing_is_released_or_booked_for_want_of_an_answer(kind: OperationKind) -> None:
    before = BEGINNINGS[kind]()
    after = exhausted(kind)

    assert after.books.entries == before.books.entries
    assert [one.rest_minor for one in after.books.holds.values()] == [
        one.rest_minor for one in before.books.holds.values()
    ]


def test_a_query_before_its_time_does_not_count() -> None:
    story = Story().settle(UNKNOWN)
    once = story.dossier
    story.settle(UNKNOWN).settle(UNKNOWN)

    assert story.dossier == once


def test_a_query_in_its_time_counts_and_says_so() -> None:
    story = Story().settle(PENDING).wait_for_query().settle(PENDING)

    assert story.operation().queries == 1
    assert isinstance(story.last, OperationQueried)
    assert (story.last.operation, story.last.answer) == (OperationKind.AUTHORIZE, "accepted_pending")


def test_an_answer_that_comes_after_many_queries_is_taken_all_the_same() -> None:
    story = Story().settle(UNKNOWN)
    for _ in range(4):
        story.wait_for_query().settle(UNKNOWN)

    assert story.succeed().payment.state is PaymentState.SUCCEEDED
    assert story.operation().state is OperationState.SUCCEEDED
    assert story.operation().next_query_at is None
