"""What becomes of a payout by what its provider says: each finding, each order of them, and the money with it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import QUERY_DELAYS
from domain.errors import MoneyState
from domain.events import PayoutCompleted, PayoutReturned, PayoutReviewNeeded, PayoutSent
from domain.money import Money
from domain.payments import OperationState
from domain.payout_dossier import SENDS_MAX
from domain.payouts import PayoutState
from domain.providers import Comeback, Finding, Missing, Succeeded, Unknown
from domain.settling_payouts import judged_payout, settle_payout
from tests.fakes.payout_story import (
    ACCEPTED,
    MISSING,
    NOT_SENT,
    PAID,
    REFERENCE,
    REJECTED,
    RETURNED,
    UNKNOWN,
    PayoutStory,
    standing,
)
from tests.fakes.story import EUR

REVERSED = msgspec.structs.replace(RETURNED, comeback=Comeback.REVERSED)


def sent() -> PayoutStory:
    """A payout that its provider has."""
    return PayoutStory().send().settle(ACCEPTED)


def test_accepted_is_sent_and_not_completed() -> None:
    story = sent()

    assert (story.payout.state, story.payout.completed_at) == (PayoutState.SENT, None)
    assert (story.available, story.in_transit, story.cleared) == (600, 400, 1000)


def test_completed_money_leaves_what_the_provider_has_of_ours() -> None:
    story = sent().settle(PAID)

    assert (story.payout.state, story.dossier.money_state) == (PayoutState.COMPLETED, MoneyState.MOVED)
    assert (story.available, story.in_transit, story.cleared) == (600, 0, 600)


def test_completed_at_once_passes_through_transit_all_the_same() -> None:
    story = PayoutStory().send().settle(PAID)

    assert [type(one) for one in story.events[-2:]] == [PayoutSent, PayoutCompleted]
    assert (story.payout.sent_at, story.in_transit, story.cleared) == (story.payout.completed_at, 0, 600)


def test_refused_before_it_was_sent_releases_the_hold_and_books_nothing() -> None:
    story = PayoutStory().send()
    booked = len(story.books.entries)

    story.settle(REJECTED)

    assert (story.payout.state, story.payout.failure_code) == (PayoutState.FAILED, "account_closed")
    assert (story.available, len(story.books.entries)) == (1000, booked)


def test_failed_after_it_was_sent_is_given_back_by_a_new_transaction() -> None:
    story = sent().settle(REJECTED)

    assert (story.payout.state, story.available, story.in_transit) == (PayoutState.FAILED, 1000, 0)
    assert story.books.entries[-1].kind == "payout_failed"


@pytest.mark.parametrize(("finding", "state"), [(RETURNED, PayoutState.RETURNED), (REVERSED, PayoutState.REVERSED)])
def test_what_came_back_after_it_arrived_is_given_back_by_a_new_transaction(
    finding: Finding, state: PayoutState
) -> None:
    story = sent().settle(PAID)
    booked = story.books.entries

    story.settle(finding)

    assert (story.payout.state, story.available, story.in_transit, story.cleared) == (state, 1000, 0, 1000)
    assert story.books.entries[: len(booked)] == booked
    assert story.books.entries[-1].kind == f"payout_{state}"


def test_what_came_back_before_we_heard_that_it_arrived_comes_out_of_transit() -> None:
    story = sent().settle(RETURNED)

    assert (story.payout.state, story.available, story.in_transit, story.cleared) == (
        PayoutState.RETURNED,
        1000,
        0,
        1000,
    )


def test_unknown_stays_unknown_and_puts_the_hold_at_risk() -> None:
    story = PayoutStory().send().settle(UNKNOWN)

    assert (story.payout.state, story.operation.state) == (PayoutState.PROCESSING, OperationState.UNKNOWN)
    assert story.books.holds[story.payout.hold_id].at_risk
    assert story.dossier.money_state is MoneyState.UNKNOWN


def test_a_doubt_does_not_take_back_that_it_was_sent() -> None:
    story = sent().settle(UNKNOWN).settle(MISSING)

    assert (story.payout.state, story.operation.state) == (PayoutState.SENT, OperationState.ACCEPTED_PENDING)


def test_not_sent_is_sent_again_ever_more_rarely_and_fails_at_last() -> None:
    story = PayoutStory()
    for _ in range(SENDS_MAX - 1):
        story.send().settle(NOT_SENT)
        assert (story.payout.state, story.available) == (PayoutState.PROCESSING, 600)
        story.wait_for_step()

    story.send().settle(NOT_SENT)

    assert (story.payout.state, story.payout.failure_code) == (PayoutState.FAILED, "PROV_UNREACHABLE")
    assert (story.operation.sends, story.available) == (SENDS_MAX, 1000)


def test_the_word_of_an_earlier_send_is_no_proof_about_a_later_one() -> None:
    story = PayoutStory().send().settle(UNKNOWN).settle(MISSING).send()
    late = story.operation.sends - 1

    _, events = settle_payout(story.dossier, NOT_SENT, story.world.moment(), resends=True, send=late)

    assert events == ()


def test_what_is_missing_is_sent_again_where_a_repeated_key_has_one_effect() -> None:
    story = PayoutStory().send().settle(UNKNOWN).settle(MISSING)

    assert (story.payout.state, story.operation.state) == (PayoutState.PROCESSING, OperationState.MISSING)
    assert not story.books.holds[story.payout.hold_id].at_risk
    assert story.send().operation.sends == 2


def test_what_is_missing_has_failed_where_a_repeated_key_might_pay_twice() -> None:
    story = PayoutStory().send().settle(UNKNOWN).settle(MISSING, resends=False)

    assert (story.payout.state, story.available) == (PayoutState.FAILED, 1000)


@pytest.mark.parametrize("horizon_seconds", [None, 30.0])
def test_not_found_proves_nothing_without_a_horizon_or_before_it(horizon_seconds: float | None) -> None:
    story = PayoutStory().send()

    def judged() -> Finding:
        return judged_payout(
            MISSING,
            story.operation,
            deadline_seconds=10.0,
            horizon_seconds=horizon_seconds,
            moment=story.world.moment(),
        )

    story.wait(seconds=44)
    assert isinstance(judged(), Unknown)
    expected = Unknown if horizon_seconds is None else Missing
    story.wait(seconds=2)
    assert isinstance(judged(), expected)


@pytest.mark.parametrize(("heard", "state"), [(ACCEPTED, PayoutState.SENT), (PAID, PayoutState.COMPLETED)])
def test_what_we_gave_up_and_the_provider_has_after_all_is_booked(heard: Finding, state: PayoutState) -> None:
    story = PayoutStory().send().settle(UNKNOWN).settle(MISSING, resends=False)

    story.settle(heard)

    assert (story.payout.state, story.available, story.payout.failure_code) == (state, 600, None)
    assert story.books.sums() == {"EUR": 0}


def test_another_amount_than_asked_for_is_for_a_person_and_books_nothing() -> None:
    story = PayoutStory().send()
    booked = len(story.books.entries)

    story.settle(Succeeded(REFERENCE, Money(401, EUR)))

    assert (story.payout.state, len(story.books.entries)) == (PayoutState.NEEDS_REVIEW, booked)
    assert story.books.holds[story.payout.hold_id].at_risk


@pytest.mark.parametrize("heard", [(PAID, REJECTED), (REJECTED, PAID)])
def test_a_provider_that_contradicts_itself_leaves_it_to_a_person(heard: tuple[Finding, Finding]) -> None:
    story = sent().settle(heard[0])
    booked = len(story.books.entries)

    story.settle(heard[1]).settle(heard[1]).settle(heard[0])

    assert (story.payout.state, len(story.books.entries)) == (PayoutState.NEEDS_REVIEW, booked)
    assert sum(isinstance(one, PayoutReviewNeeded) for one in story.events) == 1


@pytest.mark.parametrize("heard", [ACCEPTED, PAID])
def test_what_was_cancelled_as_not_sent_and_is_there_all_the_same_is_for_a_person(heard: Finding) -> None:
    story = PayoutStory().send().settle(NOT_SENT).cancel()

    assert story.settle(heard).payout.state is PayoutState.NEEDS_REVIEW


def test_a_payout_that_stays_open_is_asked_about_and_then_left_to_a_person() -> None:
    story = PayoutStory().send().settle(UNKNOWN)
    for _ in QUERY_DELAYS:
        story.wait_for_step().settle(UNKNOWN)

    assert (story.payout.state, story.operation.next_step_at) == (PayoutState.NEEDS_REVIEW, None)
    assert story.settle(PAID).payout.state is PayoutState.COMPLETED


HISTORIES: tuple[tuple[Finding, ...], ...] = (
    (ACCEPTED, PAID),
    (PAID,),
    (ACCEPTED, REJECTED),
    (REJECTED,),
    (ACCEPTED, PAID, RETURNED),
    (ACCEPTED, RETURNED),
    (ACCEPTED, PAID, REVERSED),
)
"""What a provider that does not contradict itself may tell, in the order in which it happens."""


@given(st.sampled_from(HISTORIES), st.data())
def test_any_order_with_repetitions_and_doubts_ends_as_the_history_does(
    history: tuple[Finding, ...], data: st.DataObject
) -> None:
    straight = PayoutStory().send()
    for finding in history:
        straight.settle(finding)
    repeated = data.draw(st.lists(st.sampled_from([*history, UNKNOWN]), max_size=8))
    shuffled = data.draw(st.permutations([*history, *repeated]))

    told = PayoutStory().send()
    for finding in shuffled:
        told.settle(finding)

    assert standing(told) == standing(straight)


SURPLUS = Succeeded(REFERENCE, Money(401, EUR))
EVERYTHING = (ACCEPTED, PAID, REJECTED, RETURNED, REVERSED, UNKNOWN, MISSING, NOT_SENT, SURPLUS)


@given(st.lists(st.tuples(st.sampled_from(EVERYTHING), st.booleans(), st.booleans()), max_size=25))
def test_whatever_is_heard_money_is_in_one_place_and_leaves_once(
    heard: list[tuple[Finding, bool, bool]],
) -> None:
    story = PayoutStory().send()
    for finding, resends, waits in heard:
        story.settle(finding, resends=resends)
        if waits and story.operation.next_step_at is not None:
            story.wait_for_step()
        if story.payout.state is PayoutState.PROCESSING and story.operation.state in {
            OperationState.NOT_SENT,
            OperationState.MISSING,
        }:
            story.wait_for_step().send()

    payout = story.payout
    is_open = payout.open_hold_id is not None
    in_transit = payout.sent_at is not None and payout.completed_at is None and payout.given_back_at is None
    gone = payout.completed_at is not None and payout.given_back_at is None
    assert story.books.sums() == {"EUR": 0}
    assert story.in_transit == (400 if in_transit else 0)
    assert story.cleared == (600 if gone else 1000)
    assert story.available == (600 if is_open or in_transit or gone else 1000)
    assert sum(isinstance(one, PayoutReturned) for one in story.events) <= 1
    assert sum(isinstance(one, PayoutCompleted) for one in story.events) <= 1
