"""Amounts go to a provider and come back as they were, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.amounts import from_wire, to_wire
from adapters.providerkit.messages import CannotBuildError
from domain.currencies import EXPONENTS
from domain.manifests import AmountFormat, CurrencyRule
from domain.money import AMOUNT_MAX, Currency, Money

CURRENCIES = st.sampled_from(["JPY", "EUR", "NPR", "KWD", "CLF", "ISK", "HUF"])
TEXT, NUMBER, TRIMMED = (
    AmountFormat.DECIMAL_STRING,
    AmountFormat.DECIMAL_NUMBER,
    AmountFormat.DECIMAL_NO_TRAILING_ZERO,
)


def a_rule(currency: str = "EUR", exponent: int = 2, wire: AmountFormat = AmountFormat.MINOR_INTEGER) -> CurrencyRule:
    return CurrencyRule(currency=currency, exponent=exponent, amount_format=wire)


def money(minor: int, currency: str = "EUR") -> Money:
    return Money(minor, Currency(currency))


@given(CURRENCIES, st.integers(1, AMOUNT_MAX), st.sampled_from(AmountFormat), st.integers(0, 5))
def test_what_can_be_written_is_read_back_as_it_was(
    currency: str, minor: int, wire: AmountFormat, exponent: int
) -> None:
    rule = a_rule(currency, exponent, wire)
    try:
        written = to_wire(rule, money(minor, currency))
    except CannotBuildError:
        assert exponent < EXPONENTS[currency]
        assert minor % 10 ** (EXPONENTS[currency] - exponent)
        return

    assert from_wire(rule, written) == money(minor, currency)


@pytest.mark.parametrize(
    ("rule", "minor", "written"),
    [
        (a_rule(), 1234, 1234),
        (a_rule(wire=TEXT), 1234, "12.34"),
        (a_rule(wire=TEXT), 5, "0.05"),
        (a_rule(wire=NUMBER), 100, "1.00"),
        (a_rule(wire=TRIMMED), 100, "1"),
        (a_rule(wire=TRIMMED), 5050, "50.5"),
        (a_rule("JPY", 0, TEXT), 1000, "1000"),
        (a_rule("JPY", 0, TRIMMED), 1000, "1000"),
        (a_rule("KWD", 3, TEXT), 5, "0.005"),
        (a_rule("ISK", 2), 7, 700),  # Stripe and Adyen write króna in hundredths.
        (a_rule("IDR", 0), 700, 7),
        (a_rule("KWD", 2), 1230, 123),
    ],
)
def test_each_form_is_written_as_its_provider_wants_it(rule: CurrencyRule, minor: int, written: int | str) -> None:
    assert to_wire(rule, money(minor, rule.currency)) == written


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (a_rule("KWD", 2), money(1231, "KWD")),
        (a_rule("IDR", 0), money(750, "IDR")),
        (a_rule(), money(100, "USD")),
        (a_rule(), money(0)),
        (CurrencyRule(currency="EUR", exponent=2, minimum_minor=50), money(49)),
        (CurrencyRule(currency="EUR", exponent=2, maximum_minor=50), money(51)),
        (CurrencyRule(currency="KWD", exponent=3, multiple_minor=10), money(1234, "KWD")),
    ],
)
def test_what_the_provider_would_not_take_is_not_written(rule: CurrencyRule, amount: Money) -> None:
    with pytest.raises(CannotBuildError):
        to_wire(rule, amount)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " 1",
            "1 ",
            "+1",
            "-1",
            "1e2",
            "1_000",
            "1,000.00",
            "01",
            ".5",
            "1.",
            "1.001",
            "NaN",
            "Infinity",
            "\u0663",
            "\uff11",
        ),
        *(1.5, 1.0, True, None, [1], {"amount": 1}, b"1", -1, "9" * 19, "1" + "0" * 17),
    ],
)
def test_nothing_else_is_an_amount(value: object) -> None:
    assert from_wire(a_rule(wire=TEXT), value) is None


@pytest.mark.parametrize("value", ["5", 1.0, True, None, -1, 2**53, "", 2**200])
def test_nothing_but_an_integer_in_bounds_is_an_amount_of_minor_units(value: object) -> None:
    assert from_wire(a_rule(), value) is None


def test_zeros_beyond_the_unit_change_nothing() -> None:
    assert from_wire(a_rule(wire=TEXT), "10.5000") == money(1050)
    assert from_wire(a_rule("NPR", 2, TEXT), "1000.0") == money(100_000, "NPR")
    assert from_wire(a_rule("JPY", 0, TEXT), "1000.00") == money(1000, "JPY")
