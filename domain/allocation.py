"""Divides an amount: fixed parts, exact percentages and a remainder, of which no minor unit is lost or invented."""

import re
from decimal import Decimal
from fractions import Fraction

import msgspec

from domain.errors import VAL_AMOUNT, FieldError, MediatorError

PERCENT_PATTERN = re.compile(r"(?:100(?:\.0{1,12})?|\d{1,2}(?:\.\d{1,12})?)", re.ASCII)
"""A percentage from 0 to 100 in plain decimal digits, with at most twelve decimals."""


class Fixed(msgspec.Struct, frozen=True):
    """Exactly so many minor units, taken off first."""

    minor: int


class Percent(msgspec.Struct, frozen=True):
    """So many hundredths of the whole amount: exact, never a float."""

    hundredths: Fraction


class Remainder(msgspec.Struct, frozen=True):
    """All that the other parts leave, with every fraction of a minor unit that they could not have."""


Part = Fixed | Percent | Remainder


def percent_of(text: str, *, pointer: str) -> Percent:
    """Read a percentage as it is written, `2.9` or `33.333`. Raises VAL_AMOUNT."""
    if PERCENT_PATTERN.fullmatch(text) is None:
        raise _refused(pointer, "must be a number from 0 to 100 with at most 12 decimals, written as a string")
    return Percent(Fraction(Decimal(text)))


def allocate(amount_minor: int, parts: tuple[Part, ...]) -> tuple[int, ...]:
    """Give each part its minor units, in order; together they are exactly the amount.

    Percentages are of the whole amount. With a remainder part, each percentage is rounded down and the remainder takes
    what is left. Without one, fixed parts and percentages must make up the whole, and what rounding down leaves goes,
    one unit each, to the largest fractions (the earlier part first where they are equal: largest remainder method,
    Hamilton 1792). Raises VAL_AMOUNT when the parts are more or less than the amount.
    """
    remainders = [index for index, part in enumerate(parts) if isinstance(part, Remainder)]
    if len(remainders) > 1:
        raise _refused(f"/splits/{remainders[1]}/remainder", "only one part may be the remainder")
    exact = [_exact(part, amount_minor) for part in parts]
    whole = [share.numerator // share.denominator for share in exact]
    left = amount_minor - sum(whole)
    if sum(exact) > amount_minor:
        raise _refused("/splits", "the parts are more than the amount")
    if remainders:
        whole[remainders[0]] = left
        return tuple(whole)
    if sum(exact) != amount_minor:
        raise _refused("/splits", "the parts are less than the amount, and none of them is the remainder")
    for index in _largest_fractions_first(exact, whole)[:left]:
        whole[index] += 1
    return tuple(whole)


def _exact(part: Part, amount_minor: int) -> Fraction:
    match part:
        case Fixed(minor):
            return Fraction(minor)
        case Percent(hundredths):
            return hundredths * amount_minor / 100
        case Remainder():
            return Fraction(0)


def _largest_fractions_first(exact: list[Fraction], whole: list[int]) -> list[int]:
    """Order the parts by what rounding down took from them; fewer units are left than parts have a fraction."""
    return sorted(range(len(exact)), key=lambda index: whole[index] - exact[index])


def _refused(pointer: str, detail: str) -> MediatorError:
    return MediatorError(VAL_AMOUNT, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))
