"""Refunding: never more than was captured, however it is split, and each way in which a refund ends."""

import pytest

from domain.errors import REFUND_EXCEEDS_CAPTURE, STATE_CONFLICT, MediatorError
from domain.events import OutcomeUnknown, PaymentPending, RefundCreated, RefundFailed, RefundSucceeded, ReviewNeeded
from domain.ids import OperationId
from domain.ledger import HoldState
from domain.money import Money
from domain.payments import OperationState, PaymentState
from domain.providers import Finding, Succeeded
from domain.refunds import RefundState
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


def test_a_refund_is_held_before_it_is_sent() -> None:
    story = captured_story().give_back(300)

    assert isinstance(story.last, RefundCreated)
    assert story.refund().state is RefundState.PENDING
    assert (story.payment.refunded_minor, story.payment.refundable.minor) == (300, 700)
    assert story.books.holds[story.refund().hold_id].rest_minor == 300
    assert story.books.booked(story.payment.id, "refund") == 0


def test_a_refund_that_succeeded_is_booked_out_of_its_hold() -> None:
    story = captured_story().give_back(300).succeed()

    assert story.refund().state is RefundState.SUCCEEDED
    assert isinstance(story.last, RefundSucceeded)
    assert story.payment.state is PaymentState.SUCCEEDED
    assert story.books.holds[story.refund().hold_id].state is HoldState.POSTED
    assert story.books.booked(story.payment.id, "refund") == 300


def test_refunding_all_that_is_left_takes_no_amount() -> None:
    story = captured_story().give_back(300).succeed().give_back().succeed()

    assert story.refund().amount == Money(700, EUR)
    assert story.payment.refundable.minor == 0
    assert story.books.booked(story.payment.id, "refund") == 1000


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (DECLINED, OperationState.REJECTED),
        (NOT_SENT, OperationState.NOT_SENT),
        (MISSING, OperationState.MISSING),
    ],
    ids=["rejected", "not-sent", "missing"],
)
def test_a_refund_that_did_not_happen_may_be_asked_for_again(finding: Finding, state: OperationState) -> None:
    story = captured_story().give_back(1000).settle(finding)

    assert story.refund().state is RefundState.FAILED
    assert story.refund().failure_code is not None
    assert story.operation().state is state
    assert isinstance(story.last, RefundFailed)
    assert story.payment.refundable.minor == 1000
    assert story.books.holds[story.refund().hold_id].state is HoldState.VOIDED
    assert story.give_back(1000).succeed().payment.refundable.minor == 0


def test_a_refund_that_the_provider_takes_for_later_stays_pending() -> None:
    story = captured_story().give_back(300).settle(PENDING)

    assert story.refund().state is RefundState.PENDING
    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert isinstance(story.last, PaymentPending)
    assert story.succeed().refund().state is RefundState.SUCCEEDED


def test_a_refund_of_unknown_outcome_counts_as_given_back_and_is_at_risk() -> None:
    story = captured_story().give_back(600).settle(UNKNOWN)

    assert isinstance(story.last, OutcomeUnknown)
    assert story.refund().state is RefundState.PENDING
    assert story.payment.refundable.minor == 400
    assert story.books.holds[story.refund().hold_id].at_risk
    assert not story.books.holds[story.payment.hold_id].at_risk


def test_a_refund_is_at_risk_no_more_when_the_provider_turns_out_to_have_it() -> None:
    story = captured_story().give_back(600).settle(UNKNOWN).settle(PENDING)

    assert story.operation().state is OperationState.ACCEPTED_PENDING
    assert not story.books.holds[story.refund().hold_id].at_risk


def test_a_refund_confirmed_with_another_amount_is_reviewed_and_not_booked() -> None:
    story = captured_story().give_back(300).settle(Succeeded(CHARGE, Money(3, EUR)))

    assert story.payment.state is PaymentState.NEEDS_REVIEW
    assert story.refund().state is RefundState.NEEDS_REVIEW
    assert isinstance(story.last, ReviewNeeded)
    assert story.last.hold_id == story.refund().hold_id
    assert story.books.holds[story.refund().hold_id].at_risk
    assert story.books.booked(story.payment.id, "refund") == 0
    assert story.payment.refundable.minor == 700


def test_a_refund_is_refused_when_it_exceeds_the_capture() -> None:
    with pytest.raises(MediatorError) as refusal:
        captured_story().give_back(1001)
    assert refusal.value.entry is REFUND_EXCEEDS_CAPTURE
    assert [error.pointer for error in refusal.value.errors] == ["/amount"]


@pytest.mark.parametrize("finding", [None, UNKNOWN, PENDING], ids=["sending", "unknown", "pending"])
def test_a_refund_under_way_counts_against_the_next_one(finding: Finding | None) -> None:
    story = captured_story().give_back(600)
    if finding is not None:
        story.settle(finding)

    with pytest.raises(MediatorError) as refusal:
        story.give_back(401)
    assert refusal.value.entry is REFUND_EXCEEDS_CAPTURE
    assert story.give_back(400).payment.refundable.minor == 0


def test_a_refund_is_limited_by_what_was_captured_not_by_what_was_authorized() -> None:
    story = authorized_story().capture(400).succeed()

    with pytest.raises(MediatorError) as refusal:
        story.give_back(401)
    assert refusal.value.entry is REFUND_EXCEEDS_CAPTURE


def test_nothing_is_left_to_refund_after_everything_went_back() -> None:
    story = captured_story().give_back().succeed()

    with pytest.raises(MediatorError) as refusal:
        story.give_back()
    assert refusal.value.entry is REFUND_EXCEEDS_CAPTURE


@pytest.mark.parametrize("amount_minor", [0, -1, -1000])
def test_nothing_and_less_than_nothing_are_not_refunded(amount_minor: int) -> None:
    story = captured_story()

    with pytest.raises(MediatorError):
        story.give_back(amount_minor)


@pytest.mark.parametrize(
    "story",
    [Story(), Story().settle(UNKNOWN), Story().settle(DECLINED), Story().settle(NOT_SENT), authorized_story()],
    ids=["sending", "unknown", "declined", "created", "authorized"],
)
def test_what_was_not_captured_cannot_be_refunded(story: Story) -> None:
    with pytest.raises(MediatorError) as refusal:
        story.give_back(1)
    assert refusal.value.entry is STATE_CONFLICT


def test_two_refunds_of_the_same_amount_are_two_refunds() -> None:
    story = captured_story().give_back(200).give_back(200)
    first, second = story.dossier.operations[-2:]

    assert first.key != second.key
    story.settle(Succeeded(CHARGE, first.amount), first.id).settle(DECLINED, second.id)
    assert [refund.state for refund in story.dossier.refunds] == [RefundState.SUCCEEDED, RefundState.FAILED]
    assert story.payment.refunded_minor == 200


def test_refunds_are_settled_in_any_order() -> None:
    story = captured_story().give_back(200).give_back(300).give_back(500)
    operations = story.dossier.operations[-3:]
    for operation in reversed(operations):
        story.settle(Succeeded(CHARGE, operation.amount), OperationId(operation.id))

    assert {refund.state for refund in story.dossier.refunds} == {RefundState.SUCCEEDED}
    assert story.books.booked(story.payment.id, "refund") == 1000
    assert story.books.sums() == {"EUR": 0}
