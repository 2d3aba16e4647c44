"""A quote explains itself, is reserved in time or never, and is used once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.errors import MediatorError
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote, QuoteOrder, QuoteState, open_quote
from domain.fx.rates import ChosenSheet, DayRule
from domain.ids import LedgerTransactionId, TenantId
from domain.money import Currency
from tests.fakes.fx import FRIDAY, NOON, a_quote, ecb_sheet
from tests.fakes.world import SettableWorld

LATE = NOON + timedelta(days=9)
TRANSACTION = LedgerTransactionId(SettableWorld().new_id())

MOVES: dict[str, Callable[[FxQuote, datetime], FxQuote]] = {
    "reserve": lambda quote, now: quote.reserve("order 1", now),
    "execute": lambda quote, now: quote.execute(TRANSACTION, now),
    "release": lambda quote, now: quote.release(now),
    "expire": lambda quote, now: quote.expire(now),
}
ALLOWED = {
    ("open", "reserve"): "reserved",
    ("reserved", "execute"): "executed",
    ("reserved", "release"): "released",
}
REFUSED = {
    ("open", "execute"): "STATE_CONFLICT",
    ("open", "release"): "STATE_CONFLICT",
    ("open", "expire"): "STATE_CONFLICT",
    ("reserved", "reserve"): "FX_QUOTE_USED",
    ("reserved", "expire"): "STATE_CONFLICT",
    ("executed", "reserve"): "FX_QUOTE_USED",
    ("executed", "execute"): "FX_QUOTE_USED",
    ("executed", "release"): "FX_QUOTE_USED",
    ("executed", "expire"): "STATE_CONFLICT",
    ("released", "reserve"): "FX_QUOTE_USED",
    ("released", "execute"): "FX_QUOTE_USED",
    ("released", "release"): "FX_QUOTE_USED",
    ("released", "expire"): "STATE_CONFLICT",
    ("expired", "reserve"): "FX_QUOTE_EXPIRED",
    ("expired", "execute"): "FX_QUOTE_EXPIRED",
    ("expired", "release"): "STATE_CONFLICT",
    ("expired", "expire"): "STATE_CONFLICT",
}


def in_state(state: str) -> FxQuote:
    """Take a quote there by its own moves."""
    reserved = a_quote().reserve("order 1", NOON)
    return {
        "open": a_quote(),
        "reserved": reserved,
        "executed": reserved.execute(TRANSACTION, NOON),
        "released": reserved.release(NOON),
        "expired": a_quote().expire(LATE),
    }[state]


def test_every_move_from_every_state_is_allowed_or_refused() -> None:
    assert ALLOWED.keys() | REFUSED.keys() == {(state.value, move) for state in QuoteState for move in MOVES}


@pytest.mark.parametrize(("state", "move"), ALLOWED)
def test_an_allowed_move_is_one_version(state: str, move: str) -> None:
    before = in_state(state)

    after = MOVES[move](before, NOON)

    assert (after.state, after.version) == (ALLOWED[state, move], before.version + 1)


@pytest.mark.parametrize(("state", "move"), REFUSED)
def test_any_other_move_is_refused(state: str, move: str) -> None:
    with pytest.raises(MediatorError) as refusal:
        MOVES[move](in_state(state), NOON)

    assert refusal.value.entry.code == REFUSED[state, move]


class TestTime:
    """Expiry is tested at the reservation, and never after it."""

    def test_the_last_moment_is_too_late(self) -> None:
        quote = a_quote()

        assert quote.reserve("x", quote.expires_at - timedelta(microseconds=1)).state is QuoteState.RESERVED
        with pytest.raises(MediatorError, match="FX_QUOTE_EXPIRED"):
            quote.reserve("x", quote.expires_at)

    def test_a_reserved_quote_is_honoured_however_late(self) -> None:
        done = in_state("reserved").execute(TRANSACTION, LATE)

        assert (done.state, done.transaction_id) == (QuoteState.EXECUTED, TRANSACTION)

    def test_a_quote_expires_from_its_time_on(self) -> None:
        quote = a_quote()

        assert quote.expire(quote.expires_at).state is QuoteState.EXPIRED


class TestTerms:
    """What a quote says of itself is enough to compute it again."""

    def test_the_amounts_can_be_computed_again_from_the_terms(self) -> None:
        quote = a_quote(source="USD", target="JPY", margin_basis_points=25)
        rate = Fraction(1)
        for step in quote.terms.steps:
            price = Fraction(step.value) / step.unit
            rate *= 1 / price if step.inverse else price

        exact = Fraction(quote.source_minor, 100) * rate * Fraction(9975, 10_000)
        assert Fraction(quote.terms.rate) == rate
        assert Fraction(quote.terms.exact_minor) == exact
        assert quote.target_minor == int(exact)
        assert quote.terms.rounding == "against_customer"

    def test_it_says_which_days_rates_it_used_and_why(self) -> None:
        terms = a_quote(wanted=FRIDAY + timedelta(days=2)).terms

        assert (terms.wanted_day, terms.rate_day) == (FRIDAY + timedelta(days=2), FRIDAY)
        assert (terms.missing_day, terms.days_back_max) == ("previous_publication", 5)
        assert "the rates of 2026-10-30 serve" in terms.day_reason

    def test_a_fixed_target_is_exactly_what_was_asked_for(self) -> None:
        quote = a_quote(fixed_side=FixedSide.TARGET, amount_minor=11_172)

        assert (quote.source_minor, quote.target_minor) == (10_000, 11_172)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "EUR"}, "VAL_CURRENCY"),
        ({"target": "NPR"}, "FX_RATE_UNAVAILABLE"),
        ({"now": NOON + timedelta(days=8)}, "FX_RATE_UNAVAILABLE"),
        ({"amount_minor": 0}, "VAL_AMOUNT"),
    ],
)
def test_what_cannot_be_priced_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(MediatorError, match=code):
        a_quote(**changes)


def test_the_age_of_the_rates_is_tested_apart_from_the_day() -> None:
    chosen = ChosenSheet(sheet=ecb_sheet(), wanted=FRIDAY, rule=DayRule())
    world = SettableWorld(NOON)
    order = QuoteOrder(
        tenant_id=TenantId(world.new_id()),
        source_currency=Currency("EUR"),
        target_currency=Currency("USD"),
        fixed_side=FixedSide.SOURCE,
        amount_minor=1,
        margin_basis_points=0,
    )

    with pytest.raises(MediatorError, match="older than 1 hours"):
        open_quote(order, chosen, world.moment(), age_max=timedelta(hours=1), lifetime=timedelta(1))
