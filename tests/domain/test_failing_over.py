"""A payment goes on elsewhere only with proof, with its hold, and with one live attempt at every moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import STATE_CONFLICT, MediatorError
from domain.events import AttemptDeclined, AttemptStarted, PaymentNotSent, PaymentRerouted
from domain.failing_over import Destination, fail_over, may_fail_over
from domain.ledger import HoldState
from domain.payments import LIVE_ATTEMPT_STATES, AttemptState, OperationState, PaymentState
from domain.providers import Decline, Finding, NotSent, Rejected, Succeeded
from domain.settling import settle
from tests.fakes.story import (
    ACCOUNT,
    ACTION,
    CHARGE,
    DECLINED,
    MISSING,
    NOT_SENT,
    PENDING,
    SECOND_ACCOUNT,
    TERMS,
    UNKNOWN,
    Story,
    authorized_story,
    captured_story,
)

HARD = Rejected("stolen_card", Decline.HARD, "Stolen", CHARGE)
INVALID = Rejected("invalid_amount", Decline.INVALID, "No", CHARGE)
THIRD = Destination(provider_account_id=ACCOUNT, provider="sandbox", terms=TERMS)


@pytest.mark.parametrize(
    ("finding", "event", "state", "operation_state"),
    [
        (NOT_SENT, PaymentNotSent, AttemptState.NOT_SENT, OperationState.NOT_SENT),
        (DECLINED, AttemptDeclined, AttemptState.DECLINED, OperationState.REJECTED),
    ],
)
def test_a_payment_goes_on_at_the_next_account_in_one_move(
    finding: NotSent | Rejected, event: type, state: AttemptState, operation_state: OperationState
) -> None:
    story = Story()
    first_hold = story.payment.hold_id
    story.fail_over(finding)

    first, second = story.dossier.attempts
    assert (first.state, second.state, second.provider_account_id) == (state, AttemptState.SENDING, SECOND_ACCOUNT)
    assert [type(one) for one in story.units[-1].events] == [event, PaymentRerouted, AttemptStarted]
    assert [one.state for one in story.dossier.operations] == [operation_state, OperationState.SENDING]
    assert story.dossier.operations[0].key != story.dossier.operations[1].key
    assert (story.payment.state, story.payment.provider_account_id) == (PaymentState.PROCESSING, SECOND_ACCOUNT)
    assert story.payment.failure_code is None
    assert story.books.holds[first_hold].state is HoldState.VOIDED
    assert story.books.holds[story.payment.hold_id].rest_minor == story.payment.amount_minor
    assert story.payment.hold_id != first_hold


def test_what_is_captured_there_is_booked_on_the_second_accounts_clearing() -> None:
    story = Story().fail_over(NOT_SENT).succeed()

    clearing = {
        account.ref.code: account.posted_debits
        for account in story.books.accounts.values()
        if account.ref.code.endswith(":clearing")
    }
    assert story.payment.state is PaymentState.SUCCEEDED
    assert sorted(clearing.values()) == [0, story.payment.amount_minor]
    assert next(code for code, minor in clearing.items() if minor).split("_")[1].startswith(SECOND_ACCOUNT.hex)


def test_trying_the_same_account_again_keeps_the_hold() -> None:
    story = Story()
    hold = story.payment.hold_id
    story.fail_over(NOT_SENT, ACCOUNT)

    assert (story.payment.hold_id, len(story.books.holds)) == (hold, 1)
    assert not any(isinstance(one, PaymentRerouted) for one in story.events)


@pytest.mark.parametrize(
    ("story", "finding"),
    [
        (Story(), UNKNOWN),
        (Story(), PENDING),
        (Story(), ACTION),
        (Story(), MISSING),
        (Story(), HARD),
        (Story(), INVALID),
        (Story(), Succeeded(CHARGE, Story().payment.amount)),
        (Story().settle(UNKNOWN), NOT_SENT),
        (Story().settle(PENDING), NOT_SENT),
        (Story().settle(DECLINED), NOT_SENT),
        (authorized_story().capture(100), NOT_SENT),
        (authorized_story().capture(100), DECLINED),
        (captured_story().give_back(100), NOT_SENT),
        (authorized_story().void(), DECLINED),
    ],
)
def test_nothing_else_proves_that_another_provider_may_be_asked(story: Story, finding: Finding) -> None:
    assert not may_fail_over(story.dossier, story.operation().id, finding)
    if isinstance(finding, NotSent | Rejected):
        with pytest.raises(ValueError, match="does not allow"):
            fail_over(story.dossier, story.operation().id, finding, THIRD, story.world.moment())


def test_a_soft_refusal_after_doubt_may_go_on_because_the_doubt_is_over() -> None:
    story = Story().settle(UNKNOWN)

    assert may_fail_over(story.dossier, story.operation().id, DECLINED)


def test_a_late_success_of_an_attempt_that_was_left_needs_a_person_and_books_nothing() -> None:
    story = Story().fail_over(DECLINED).succeed()
    first = story.dossier.operations[0]

    after, events = settle(story.dossier, first.id, Succeeded("ch_9", first.amount), story.world.moment())

    assert after.payment.state is PaymentState.NEEDS_REVIEW
    assert after.payment.captured_minor == story.payment.amount_minor
    assert len(events) == 1


def test_only_the_operation_of_the_latest_attempt_can_be_left() -> None:
    story = Story()
    first = story.operation().id
    story.fail_over(NOT_SENT)

    assert not may_fail_over(story.dossier, first, NOT_SENT)


@given(st.lists(st.sampled_from([NOT_SENT, DECLINED]), max_size=5), st.sampled_from([DECLINED, UNKNOWN, HARD, None]))
def test_however_often_it_goes_on_one_attempt_lives_and_one_hold_keeps_the_amount(
    findings: list[NotSent | Rejected], last: Finding | None
) -> None:
    story = Story()
    for number, finding in enumerate(findings):
        story.fail_over(finding, SECOND_ACCOUNT if number % 2 == 0 else ACCOUNT)
        assert sum(one.state in LIVE_ATTEMPT_STATES for one in story.dossier.attempts) == 1
        assert sum(one.rest_minor for one in story.books.holds.values()) == story.payment.amount_minor
    if last is None:
        story.succeed()
    else:
        story.settle(last)

    assert not any(story.books.sums().values())
    booked = story.books.booked(story.payment.id, "capture")
    assert booked == story.payment.captured_minor == (story.payment.amount_minor if last is None else 0)


def test_a_payment_that_waits_for_nothing_cannot_be_sent_elsewhere() -> None:
    story = Story().succeed()

    with pytest.raises((MediatorError, ValueError), match=rf"{STATE_CONFLICT.code}|does not allow"):
        fail_over(story.dossier, story.operation().id, NOT_SENT, THIRD, story.world.moment())
