"""Nothing is lost and nothing is invented by an exchange, in any pair of currencies and for any amount."""

import math
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.currencies import EXPONENTS
from domain.errors import MediatorError
from domain.fx.pricing import MARGIN_MAX, FixedSide, Price, customer_rate, price_of
from domain.money import Currency
from domain.posting import BOUND

BY_DECIMALS = {0: "JPY", 2: "EUR", 3: "KWD", 4: "CLF"}
EUR, USD, JPY, KWD = (Currency(code) for code in ("EUR", "USD", "JPY", "KWD"))


class Wish(msgspec.Struct, frozen=True):
    """Any exchange that somebody may ask for."""

    amount: int
    side: FixedSide
    source: Currency
    target: Currency
    rate: Fraction
    margin: int

    def price(self) -> Price:
        return price_of(
            self.amount,
            fixed_side=self.side,
            source=self.source,
            target=self.target,
            rate=self.rate,
            margin_basis_points=self.margin,
        )

    @property
    def exact(self) -> Fraction:
        """The other side, computed in major units of exact numbers: another way than the product's."""
        net = self.rate - self.rate * Fraction(self.margin, 10_000)
        if self.side is FixedSide.SOURCE:
            return Fraction(self.amount) / major(self.source) * net * major(self.target)
        return Fraction(self.amount) / major(self.target) / net * major(self.source)

    @property
    def fits(self) -> bool:
        """Whether accounts can hold it: at least one minor unit for the customer, at most the bound everywhere."""
        rounded = math.floor(self.exact) if self.side is FixedSide.SOURCE else math.ceil(self.exact)
        return rounded >= 1 and max(rounded, round(self.exact)) <= BOUND


def major(currency: Currency) -> Fraction:
    """Give the minor units of one major unit."""
    return Fraction(10) ** EXPONENTS[currency]


CURRENCIES = st.sampled_from(sorted(BY_DECIMALS.values())).map(Currency)
WISHES = st.builds(
    Wish,
    st.one_of(st.integers(1, 10_000), st.integers(1, 2**53), st.integers(BOUND - 10_000, BOUND)),
    st.sampled_from(FixedSide),
    CURRENCIES,
    CURRENCIES,
    st.fractions(min_value=Fraction(1, 10**6), max_value=10**6, max_denominator=10**9),
    st.integers(0, MARGIN_MAX),
)
POSSIBLE = WISHES.filter(lambda wish: wish.fits)


def priced(amount: int, side: FixedSide, target: Currency, rate: str, *, margin: int = 0) -> Price:
    """Change euros."""
    return Wish(amount, side, EUR, target, Fraction(rate), margin).price()


def test_the_currencies_here_have_the_decimals_that_matter() -> None:
    assert {EXPONENTS[code] for code in BY_DECIMALS.values()} == set(BY_DECIMALS)


@given(POSSIBLE)
def test_the_fixed_side_is_exactly_what_was_asked_for(wish: Wish) -> None:
    price = wish.price()

    fixed = price.source_minor if wish.side is FixedSide.SOURCE else price.target_minor
    assert (fixed, price.exact_minor) == (wish.amount, wish.exact)


@given(POSSIBLE)
def test_less_than_a_minor_unit_is_rounded_and_against_the_customer(wish: Wish) -> None:
    price = wish.price()

    if wish.side is FixedSide.SOURCE:
        assert 0 <= wish.exact - price.target_minor < 1
    else:
        assert 0 <= price.source_minor - wish.exact < 1


@given(POSSIBLE)
def test_what_the_customer_does_not_get_or_pays_more_is_all_there(wish: Wish) -> None:
    price = wish.price()

    if wish.side is FixedSide.SOURCE:
        assert price.target_minor + price.rounding_minor == price.position_minor
    else:
        assert price.position_minor + price.rounding_minor == price.source_minor


@given(POSSIBLE)
def test_the_position_is_never_off_by_more_than_half_a_minor_unit(wish: Wish) -> None:
    price = wish.price()

    assert abs(price.position_minor - price.exact_minor) <= Fraction(1, 2)
    assert price.rounding_minor in {0, 1}


@given(POSSIBLE)
def test_an_exchange_never_gives_the_customer_more_than_the_rate(wish: Wish) -> None:
    price = wish.price()

    paid, received = price.source_minor / major(wish.source), price.target_minor / major(wish.target)
    assert received <= paid * customer_rate(wish.rate, wish.margin) <= paid * wish.rate


@given(WISHES)
def test_an_exchange_is_refused_exactly_when_no_account_could_hold_it(wish: Wish) -> None:
    if wish.fits:
        assert wish.price().source_minor <= BOUND
    else:
        with pytest.raises(MediatorError, match="VAL_AMOUNT"):
            wish.price()


@pytest.mark.parametrize(
    ("amount", "target", "rate", "expected"),
    [
        (10_000, USD, "1.1172", (11_172, 0)),
        (1, USD, "1.9", (1, 1)),  # 1.9 cents: 1 to the customer, 2 out of the position, 1 to rounding
        (1, USD, "1.5", (1, 1)),  # the even neighbour of 1.5 is 2
        (1, USD, "2.5", (2, 0)),  # the even neighbour of 2.5 is 2
        (100, JPY, "175.68", (175, 1)),
        (100, KWD, "0.3434", (343, 0)),
    ],
)
def test_the_computed_amount_is_rounded_once_against_the_customer(
    amount: int, target: Currency, rate: str, expected: tuple[int, int]
) -> None:
    price = priced(amount, FixedSide.SOURCE, target, rate)

    assert (price.target_minor, price.rounding_minor) == expected


def test_the_margin_is_taken_off_the_rate() -> None:
    sold = priced(10_000, FixedSide.SOURCE, USD, "1.1172", margin=50)
    bought = priced(11_172, FixedSide.TARGET, USD, "1.1172", margin=50)

    assert (sold.target_minor, bought.source_minor) == (11_116, 10_051)


@pytest.mark.parametrize("margin", [-1, MARGIN_MAX + 1])
def test_a_margin_outside_its_bounds_is_a_fault(margin: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        customer_rate(Fraction(1), margin)


@pytest.mark.parametrize(
    ("amount", "side", "rate"),
    [
        (0, FixedSide.SOURCE, "1"),
        (BOUND + 1, FixedSide.SOURCE, "1"),
        (BOUND, FixedSide.SOURCE, "1.1"),
        (BOUND, FixedSide.TARGET, "0.9"),
        (1, FixedSide.SOURCE, "0.99"),  # the customer would get nothing
    ],
)
def test_amounts_that_no_account_can_hold_are_refused_and_never_wrap(amount: int, side: FixedSide, rate: str) -> None:
    with pytest.raises(MediatorError, match="VAL_AMOUNT"):
        priced(amount, side, USD, rate)


def test_a_position_beyond_the_bound_is_refused_with_the_quote_and_not_when_it_is_booked() -> None:
    # The customer's part is the bound itself, the position's is one above it.
    rate = f"{BOUND * 10 + 9}/{BOUND * 10}"

    with pytest.raises(MediatorError, match="VAL_AMOUNT"):
        priced(BOUND, FixedSide.SOURCE, USD, rate)
