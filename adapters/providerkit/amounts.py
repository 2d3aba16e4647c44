"""Amounts between us and a provider: exact, or an error; nothing is ever rounded."""

import re

from adapters.providerkit.messages import CannotBuildError
from domain.currencies import EXPONENTS
from domain.manifests import AmountFormat, CurrencyRule
from domain.money import AMOUNT_MAX, Currency, Money

_DECIMAL = re.compile(r"\A(?P<whole>0|[1-9][0-9]{0,17})(?:\.(?P<fraction>[0-9]{1,12}))?\Z", re.ASCII)
"""A plain decimal number: no sign, no exponent, no grouping, no leading zeros."""


def to_wire(rule: CurrencyRule, money: Money) -> int | str:
    """Write an amount as the provider wants it.

    A decimal number for JSON is given as its digits; the adapter writes them without quotes. Raises CannotBuildError
    for another currency, outside the rule's bounds, or where the provider's unit is too coarse.
    """
    if money.currency != rule.currency:
        raise CannotBuildError(f"the rule is for {rule.currency}, not for {money.currency}")
    if not rule.admits(money.minor):
        raise CannotBuildError(f"{money} is not an amount that the provider takes")
    minor = _rescaled(money.minor, EXPONENTS[money.currency], rule.exponent)
    if minor is None:
        raise CannotBuildError(f"{money} has more decimals than the provider's {rule.exponent}")
    match rule.amount_format:
        case AmountFormat.MINOR_INTEGER:
            return minor
        case AmountFormat.DECIMAL_STRING | AmountFormat.DECIMAL_NUMBER:
            return _decimal(minor, rule.exponent)
        case AmountFormat.DECIMAL_NO_TRAILING_ZERO:
            written = _decimal(minor, rule.exponent)
            return written.rstrip("0").rstrip(".") if "." in written else written


def from_wire(rule: CurrencyRule, value: object) -> Money | None:
    """Read an amount as the provider states it; None for anything that is not exactly an amount of that currency.

    A decimal may come as text, or as the digits of a JSON number; a float is refused: its digits are lost already.
    """
    minor = _integer(value) if rule.amount_format is AmountFormat.MINOR_INTEGER else _units(value, rule.exponent)
    if minor is None:
        return None
    exact = _rescaled(minor, rule.exponent, EXPONENTS[rule.currency])
    return None if exact is None or exact > AMOUNT_MAX else Money(exact, Currency(rule.currency))


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _units(value: object, exponent: int) -> int | None:
    """Read a decimal into units of ten to the minus exponent; zeros beyond them are allowed, nothing else is."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or (found := _DECIMAL.match(written)) is None:
        return None
    fraction = found["fraction"] or ""
    if fraction[exponent:].strip("0"):
        return None
    return int(found["whole"] + fraction[:exponent].ljust(exponent, "0"))


def _rescaled(minor: int, from_exponent: int, to_exponent: int) -> int | None:
    """Change the unit; None where that would lose something."""
    if to_exponent >= from_exponent:
        return int(minor * 10 ** (to_exponent - from_exponent))
    whole, rest = divmod(minor, 10 ** (from_exponent - to_exponent))
    return None if rest else whole


def _decimal(minor: int, exponent: int) -> str:
    digits = str(minor).rjust(exponent + 1, "0")
    return f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
