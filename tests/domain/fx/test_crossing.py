"""Cross rates go through the pivot, unrounded, on the dealer's side of each price."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MediatorError
from domain.fx.crossing import cross_rate, steps_between
from domain.fx.rates import Side
from domain.money import Currency
from tests.fakes.fx import ecb_sheet, nrb_sheet

EUR, USD, JPY, NPR, INR = (Currency(code) for code in ("EUR", "USD", "JPY", "NPR", "INR"))
PRICES = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10**6), places=5)


def test_from_the_pivot_the_published_price_is_used() -> None:
    assert cross_rate(steps_between(ecb_sheet(), EUR, USD)) == Fraction("1.1172")


def test_towards_the_pivot_it_is_inverted_and_not_rounded() -> None:
    assert cross_rate(steps_between(ecb_sheet(), USD, EUR)) == Fraction(10000, 11172)


def test_between_two_others_it_goes_through_the_pivot() -> None:
    steps = steps_between(ecb_sheet(), USD, JPY)

    assert [(step.rate.quote, step.inverse) for step in steps] == [("USD", True), ("JPY", False)]
    assert cross_rate(steps) == Fraction("175.68") / Fraction("1.1172")


@given(PRICES, PRICES)
def test_a_cross_rate_is_the_product_of_its_exact_steps(usd: Decimal, jpy: Decimal) -> None:
    sheet = ecb_sheet(USD=str(usd), JPY=str(jpy))

    there = cross_rate(steps_between(sheet, USD, JPY))

    assert there == cross_rate(steps_between(sheet, USD, EUR)) * cross_rate(steps_between(sheet, EUR, JPY))
    assert there * cross_rate(steps_between(sheet, JPY, USD)) == 1


def test_the_bank_buys_what_the_customer_gives_and_sells_what_the_customer_wants() -> None:
    assert cross_rate(steps_between(nrb_sheet(), INR, NPR)) == Fraction("160.00") / 100
    assert cross_rate(steps_between(nrb_sheet(), NPR, INR)) == 100 / Fraction("160.15")

    steps = steps_between(nrb_sheet(), JPY, USD)
    assert [(step.rate.base, step.rate.side) for step in steps] == [("JPY", Side.BUY), ("USD", Side.SELL)]
    assert cross_rate(steps) == Fraction("9.65") / 10 / Fraction("132.57")


def test_there_and_back_at_a_two_sided_sheet_costs_the_spread() -> None:
    there = cross_rate(steps_between(nrb_sheet(), USD, NPR))

    assert there * cross_rate(steps_between(nrb_sheet(), NPR, USD)) == Fraction("131.97") / Fraction("132.57")


def test_a_currency_that_was_not_quoted_has_no_rate_by_any_way() -> None:
    for source, target in ((EUR, NPR), (NPR, EUR), (USD, NPR), (NPR, USD)):
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            steps_between(ecb_sheet(), source, target)


def test_a_bank_that_only_sells_does_not_buy_at_its_selling_price() -> None:
    only_sells = nrb_sheet(sides=(Side.SELL,))

    assert cross_rate(steps_between(only_sells, NPR, USD)) == 1 / Fraction("132.57")
    with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
        steps_between(only_sells, USD, NPR)
