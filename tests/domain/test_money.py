"""Money: whole minor units, shown with exactly the currency's decimals, never mixed and never rounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.currencies import EXPONENTS
from domain.errors import VAL_AMOUNT, VAL_CURRENCY, MediatorError
from domain.money import AMOUNT_MAX, Currency, Money, amount_of, currency_of

CURRENCIES = st.sampled_from(sorted(EXPONENTS)).map(Currency)
MINOR = st.integers(-(2**63), 2**63)


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (1000, "JPY", "1000 JPY"),
        (0, "JPY", "0 JPY"),
        (1234, "EUR", "12.34 EUR"),
        (5, "EUR", "0.05 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (-1234, "EUR", "-12.34 EUR"),
        (5, "KWD", "0.005 KWD"),
        (12_345, "KWD", "12.345 KWD"),
        (1, "CLF", "0.0001 CLF"),
        (100, "NPR", "1.00 NPR"),
        (AMOUNT_MAX, "EUR", "90071992547409.91 EUR"),
    ],
)
def test_money_is_shown_in_major_units_with_the_decimals_of_its_currency(minor: int, currency: str, shown: str) -> None:
    assert str(Money(minor, Currency(currency))) == shown


@given(MINOR, CURRENCIES)
def test_what_is_shown_reads_back_as_the_same_minor_units(minor: int, currency: Currency) -> None:
    number, _, code = str(Money(minor, currency)).partition(" ")

    decimals = len(number.partition(".")[2])
    assert (int(number.replace(".", "")), code, decimals) == (minor, currency, EXPONENTS[currency])


@given(MINOR, MINOR, MINOR, CURRENCIES)
def test_adding_and_subtracting_lose_nothing(first: int, second: int, third: int, currency: Currency) -> None:
    one, two, three = Money(first, currency), Money(second, currency), Money(third, currency)

    assert (one + two) - two == one
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one


@given(st.lists(CURRENCIES, min_size=2, max_size=2, unique=True))
def test_two_currencies_are_never_added_or_subtracted(pair: list[Currency]) -> None:
    first, second = (Money(1, currency) for currency in pair)

    with pytest.raises(ValueError, match="cannot mix"):
        _ = first + second
    with pytest.raises(ValueError, match="cannot mix"):
        _ = first - second


@pytest.mark.parametrize("minor", [1, 2, AMOUNT_MAX - 1, AMOUNT_MAX])
def test_an_amount_within_its_bounds_is_taken(minor: int) -> None:
    assert amount_of(minor, "EUR") == Money(minor, Currency("EUR"))


@pytest.mark.parametrize("minor", [0, -1, AMOUNT_MAX + 1, 2**63 - 1, 2**63, 2**64, -(2**63)])
def test_an_amount_out_of_bounds_is_refused_and_the_field_named(minor: int) -> None:
    with pytest.raises(MediatorError) as refusal:
        amount_of(minor, "EUR")

    assert refusal.value.entry is VAL_AMOUNT
    assert [error.pointer for error in refusal.value.errors] == ["/amount"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "eur",
        "EU",
        "EURO",
        "EUR ",
        "\u0045\u0055\uff32",
        "XXX",
        "XTS",
        "XAU",
        "XDR",
        "DEM",
        "HRK",
        "BGN",
        "978",
    ],
)
def test_a_code_that_is_no_current_currency_is_refused(code: str) -> None:
    with pytest.raises(MediatorError) as refusal:
        currency_of(code)

    assert refusal.value.entry is VAL_CURRENCY
    assert [error.pointer for error in refusal.value.errors] == ["/currency"]
