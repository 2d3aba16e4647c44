"""An exchange in the books: every currency balances, each amount is there, and rounding has its own account."""

from collections import Counter

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from domain.errors import MediatorError
from domain.fx.conversion import (
    ConversionAccounts,
    Exposure,
    conversion_of,
    position_code,
    rounded_currency,
    rounding_code,
)
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote
from domain.ids import LedgerAccountId, LedgerTransactionId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import BOUND, Transfer
from tests.fakes.fx import a_quote
from tests.fakes.world import SettableWorld

WORLD = SettableWorld()
ACCOUNTS = ConversionAccounts(
    source=LedgerAccountId(WORLD.new_id()),
    target=LedgerAccountId(WORLD.new_id()),
    source_position=LedgerAccountId(WORLD.new_id()),
    target_position=LedgerAccountId(WORLD.new_id()),
    rounding=LedgerAccountId(WORLD.new_id()),
)
NAMES = {getattr(ACCOUNTS, name): name for name in ACCOUNTS.__struct_fields__}
TRANSACTION = LedgerTransactionId(WORLD.new_id())
ECB_CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KRW", "INR", "HUF", "ISK"])


def booked(quote: FxQuote) -> Transfer:
    return conversion_of(quote, ACCOUNTS, TRANSACTION)


def told(transfer: Transfer) -> list[tuple[str, str, int, str]]:
    return [(NAMES[leg.account_id], leg.direction.value, leg.amount_minor, leg.currency) for leg in transfer.legs]


def test_a_round_exchange_is_four_legs() -> None:
    transfer = booked(a_quote(amount_minor=10_000))

    assert told(transfer) == [
        ("source", "debit", 10_000, "EUR"),
        ("source_position", "credit", 10_000, "EUR"),
        ("target_position", "debit", 11_172, "USD"),
        ("target", "credit", 11_172, "USD"),
    ]
    assert (transfer.kind, transfer.id) == ("fx", TRANSACTION)
    assert transfer.metadata["quote_id"].startswith("fxq_")


def test_what_rounding_keeps_of_a_fixed_source_comes_out_of_the_target_position() -> None:
    assert told(booked(a_quote(amount_minor=7)))[2:] == [  # 7.8204 cents
        ("target_position", "debit", 8, "USD"),
        ("target", "credit", 7, "USD"),
        ("rounding", "credit", 1, "USD"),
    ]


def test_what_rounding_adds_to_a_fixed_target_goes_past_the_source_position() -> None:
    assert told(booked(a_quote(amount_minor=7, fixed_side=FixedSide.TARGET))) == [  # 6.26… cents
        ("source", "debit", 7, "EUR"),
        ("source_position", "credit", 6, "EUR"),
        ("target_position", "debit", 7, "USD"),
        ("target", "credit", 7, "USD"),
        ("rounding", "credit", 1, "EUR"),
    ]


def test_a_leg_of_nothing_is_left_out() -> None:
    quote = a_quote(amount_minor=1, fixed_side=FixedSide.TARGET, source="EUR", target="KRW")

    assert [leg[0] for leg in told(booked(quote))] == ["source", "target_position", "target", "rounding"]


@given(
    st.one_of(st.integers(1, 10_000), st.integers(1, BOUND)),
    st.sampled_from(FixedSide),
    ECB_CURRENCIES,
    ECB_CURRENCIES,
    st.integers(0, 5_000),
)
def test_every_exchange_balances_in_each_currency_and_keeps_what_was_quoted(
    amount: int, side: FixedSide, source: str, target: str, margin: int
) -> None:
    assume(source != target)
    try:
        quote = a_quote(amount, side, source, target, margin)
    except MediatorError:  # no account can hold that much: tests/domain/fx/test_pricing.py says when exactly
        reject()

    sums: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for name, direction, minor, currency in told(booked(quote)):
        sums[currency] += minor if direction == Direction.DEBIT else -minor
        amounts[name] += minor
    assert set(sums.values()) == {0}
    assert (amounts["source"], amounts["target"]) == (quote.source_minor, quote.target_minor)
    assert amounts["rounding"] == quote.terms.rounding_minor <= 1


@pytest.mark.parametrize(("side", "currency"), [(FixedSide.SOURCE, "USD"), (FixedSide.TARGET, "EUR")])
def test_the_computed_side_is_the_rounded_one(side: FixedSide, currency: str) -> None:
    assert rounded_currency(a_quote(fixed_side=side)) == currency


def test_our_own_accounts_are_named_by_their_currency() -> None:
    assert (position_code(Currency("EUR")), rounding_code(Currency("JPY"))) == ("fx:position:EUR", "rounding:JPY")


def test_what_is_reserved_counts_as_exposure() -> None:
    exposure = Exposure(currency=Currency("EUR"), position_minor=-100, reserved_minor=250, rounding_minor=3)

    assert exposure.open_minor == 150
