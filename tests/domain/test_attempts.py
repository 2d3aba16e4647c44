"""The machine of an attempt: only the moves that are written down, from every state to every state."""

import itertools

import pytest

from domain.errors import STATE_CONFLICT, MediatorError
from domain.payments import ATTEMPT_MOVES, LIVE_ATTEMPT_STATES, AttemptState, PaymentAttempt
from tests.fakes.story import Story

ENDS = frozenset(AttemptState) - LIVE_ATTEMPT_STATES
PAIRS = list(itertools.product(AttemptState, AttemptState))


def attempt_in(state: AttemptState) -> PaymentAttempt:
    """An attempt in any state."""
    return Story().attempt.corrected_to(state, now=Story().world.now, provider_reference="ch_1")


def allowed(here: AttemptState, there: AttemptState) -> bool:
    """Whether the table has this move; staying is no move."""
    return here is there or there in ATTEMPT_MOVES.get(here, frozenset())


@pytest.mark.parametrize(("here", "there"), [pair for pair in PAIRS if allowed(*pair)])
def test_an_allowed_move_is_made(here: AttemptState, there: AttemptState) -> None:
    moved = attempt_in(here).moved_to(there, now=Story().world.now)

    assert (moved.state, moved.provider_reference) == (there, "ch_1")


@pytest.mark.parametrize(("here", "there"), [pair for pair in PAIRS if not allowed(*pair)])
def test_any_other_move_is_refused(here: AttemptState, there: AttemptState) -> None:
    with pytest.raises(MediatorError) as refusal:
        attempt_in(here).moved_to(there, now=Story().world.now)

    assert refusal.value.entry is STATE_CONFLICT


def test_an_end_is_left_by_no_move() -> None:
    assert {state for state in AttemptState if not ATTEMPT_MOVES.get(state)} == ENDS


def test_every_live_state_can_come_to_an_end() -> None:
    reached = set(ENDS)
    for _ in AttemptState:
        reached |= {state for state, moves in ATTEMPT_MOVES.items() if moves & reached}

    assert reached == set(AttemptState)


def test_a_walk_stops_at_its_first_forbidden_step() -> None:
    with pytest.raises(MediatorError):
        attempt_in(AttemptState.SENDING).moved_to(
            AttemptState.AUTHORIZED, AttemptState.SUCCEEDED, now=Story().world.now
        )


def test_an_attempt_keeps_its_reference_until_it_learns_another() -> None:
    now = Story().world.now
    attempt = attempt_in(AttemptState.SENDING)

    assert attempt.moved_to(AttemptState.PENDING, now=now).provider_reference == "ch_1"
    assert attempt.moved_to(AttemptState.PENDING, now=now, provider_reference="ch_2").provider_reference == "ch_2"


def test_a_payment_shows_neither_its_method_nor_the_customers_words() -> None:
    shown = repr(Story().payment)

    assert "tok_visa" not in shown
    assert "A book" not in shown
