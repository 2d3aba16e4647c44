"""A payout before its provider has said a word: created, approved, denied, cancelled, claimed for sending."""

import pytest

from domain.beneficiaries import BeneficiaryState
from domain.errors import LEDGER_INSUFFICIENT_FUNDS, STATE_CONFLICT, VAL_FIELD, MediatorError, MoneyState
from domain.money import Currency
from domain.payments import OperationState
from domain.payouts import PAYOUT_MOVES, PayoutState
from tests.fakes.payout_story import (
    ACCEPTED,
    MISSING,
    NOT_SENT,
    PAID,
    UNKNOWN,
    PayoutStory,
    a_beneficiary,
    a_payout_order,
)
from tests.fakes.world import SettableWorld


def test_a_payout_holds_its_amount_out_of_what_is_available() -> None:
    story = PayoutStory()

    assert story.payout.state is PayoutState.CREATED
    assert (story.available, story.in_transit) == (600, 0)
    assert story.dossier.money_state is MoneyState.HELD


def test_a_payout_beyond_what_is_available_is_refused() -> None:
    with pytest.raises(MediatorError) as refused:
        PayoutStory(a_payout_order(amount_minor=1001))

    assert refused.value.entry is LEDGER_INSUFFICIENT_FUNDS


def test_a_payout_without_any_money_taken_is_refused() -> None:
    with pytest.raises(MediatorError) as refused:
        PayoutStory(funds_minor=0)

    assert refused.value.entry is LEDGER_INSUFFICIENT_FUNDS


def test_all_that_is_available_can_be_paid_out() -> None:
    assert PayoutStory(a_payout_order(amount_minor=1000)).available == 0


def test_nothing_goes_to_an_archived_beneficiary() -> None:
    world = SettableWorld()

    with pytest.raises(MediatorError) as refused:
        PayoutStory(world=world, beneficiary=a_beneficiary(world, state=BeneficiaryState.ARCHIVED))

    assert refused.value.entry is STATE_CONFLICT


def test_a_payout_is_in_the_currency_of_the_beneficiary_s_account() -> None:
    world = SettableWorld()

    with pytest.raises(MediatorError) as refused:
        PayoutStory(a_payout_order(currency=Currency("USD")), world=world, beneficiary=a_beneficiary(world))

    assert (refused.value.entry, refused.value.errors[0].pointer) == (VAL_FIELD, "/currency")


def test_what_requires_approval_is_sent_only_after_it_and_who_approved_is_kept() -> None:
    story = PayoutStory(a_payout_order(requires_approval=True))
    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.send()

    story.approve("prn_boss").send()

    assert (story.payout.decided_by, story.payout.state) == ("prn_boss", PayoutState.PROCESSING)


def test_what_is_denied_gives_its_money_back_and_is_never_sent() -> None:
    story = PayoutStory(a_payout_order(requires_approval=True)).deny("prn_boss")

    assert (story.payout.state, story.payout.decided_by, story.available) == (PayoutState.DENIED, "prn_boss", 1000)
    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.send()
    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.approve()


def test_only_what_waits_for_approval_is_approved_or_denied() -> None:
    for decide in (PayoutStory.approve, PayoutStory.deny):
        with pytest.raises(MediatorError, match="STATE_CONFLICT"):
            decide(PayoutStory())


@pytest.mark.parametrize("requires_approval", [False, True])
def test_what_was_not_sent_can_be_cancelled(*, requires_approval: bool) -> None:
    story = PayoutStory(a_payout_order(requires_approval=requires_approval)).cancel()

    assert (story.payout.state, story.available) == (PayoutState.CANCELLED, 1000)
    assert story.dossier.money_state is MoneyState.NONE


def test_what_is_proved_not_to_be_sent_can_be_cancelled_and_is_not_sent_again() -> None:
    story = PayoutStory().send().settle(NOT_SENT).cancel()

    assert (story.payout.state, story.operation.next_step_at) == (PayoutState.CANCELLED, None)
    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.wait(days=1).send()


@pytest.mark.parametrize("heard", [None, UNKNOWN, ACCEPTED, PAID])
def test_what_may_have_been_sent_cannot_be_cancelled(heard: object) -> None:
    story = PayoutStory().send()
    if heard is not None:
        story.settle(heard)  # type: ignore[arg-type]  # one of the findings above

    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.cancel()


def test_its_key_is_made_at_the_first_send_and_is_the_same_for_every_send() -> None:
    story = PayoutStory().send()
    key = story.operation.key

    story.settle(NOT_SENT).wait_for_step().send().settle(UNKNOWN).settle(MISSING).send()

    assert (story.operation.key, story.operation.sends) == (key, 3)


def test_what_is_being_sent_is_not_claimed_a_second_time() -> None:
    story = PayoutStory().send()

    with pytest.raises(MediatorError, match="STATE_CONFLICT"):
        story.wait(days=30).send()
    assert story.operation.state is OperationState.SENDING


def test_no_move_leaves_an_end_but_by_a_later_word_of_the_provider() -> None:
    ends = {state for state in PayoutState if state not in PAYOUT_MOVES}

    assert ends == {PayoutState.RETURNED, PayoutState.REVERSED, PayoutState.DENIED}
