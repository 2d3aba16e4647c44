"""What an exchange costs: the margin against the customer, and the one step in which anything is rounded."""

import math
from enum import StrEnum
from fractions import Fraction

import msgspec

from domain.currencies import EXPONENTS
from domain.errors import VAL_AMOUNT, FieldError, MediatorError
from domain.money import Currency
from domain.posting import BOUND

BASIS_POINTS = 10_000
MARGIN_MAX = 5_000
"""Most that may be kept of an exchange, in basis points: half of it."""


class FixedSide(StrEnum):
    """Which amount is exactly the one that was asked for; the other one is computed."""

    SOURCE = "source"
    TARGET = "target"


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Both amounts of an exchange in minor units, and what became of the fraction between them.

    The computed side is `exact_minor` before rounding. The customer's amount of it is rounded against the customer
    (down where it is received, up where it is paid), by less than one minor unit. The position takes `position_minor`:
    `exact_minor` to the nearest minor unit, half to even, so that many exchanges leave no drift. The minor unit by
    which the two may differ is `rounding_minor` (0 or 1), and belongs to the rounding account: nothing is lost.
    """

    source_minor: int
    target_minor: int
    exact_minor: Fraction
    position_minor: int
    rounding_minor: int


def price_of(
    amount_minor: int,
    *,
    fixed_side: FixedSide,
    source: Currency,
    target: Currency,
    rate: Fraction,
    margin_basis_points: int,
) -> Price:
    """Compute the other amount of an exchange at a rate (target per source, major units) less the margin.

    Raises VAL_AMOUNT when an amount passes what an account can hold, or when the customer would get nothing.
    """
    _require_amount(amount_minor, "The amount")
    per_minor = customer_rate(rate, margin_basis_points) * Fraction(10) ** (EXPONENTS[target] - EXPONENTS[source])
    if fixed_side is FixedSide.SOURCE:
        exact = amount_minor * per_minor
        computed = math.floor(exact)
    else:
        exact = amount_minor / per_minor
        computed = math.ceil(exact)
    position = round(exact)
    _require_amount(computed, "The converted amount")
    _require_amount(max(position, computed), "The converted amount")
    amounts = (amount_minor, computed) if fixed_side is FixedSide.SOURCE else (computed, amount_minor)
    return Price(
        source_minor=amounts[0],
        target_minor=amounts[1],
        exact_minor=exact,
        position_minor=position,
        rounding_minor=abs(position - computed),
    )


def customer_rate(rate: Fraction, margin_basis_points: int) -> Fraction:
    """Take the margin off a rate, exactly. Raises ValueError for a margin outside 0..MARGIN_MAX."""
    if not 0 <= margin_basis_points <= MARGIN_MAX:
        message = f"a margin of {margin_basis_points} basis points"
        raise ValueError(message)
    return rate * (BASIS_POINTS - margin_basis_points) / BASIS_POINTS


def _require_amount(minor: int, what: str) -> None:
    if not 1 <= minor <= BOUND:
        detail = f"must be from 1 to {BOUND} minor units"
        raise MediatorError(VAL_AMOUNT, f"{what} {detail}.", errors=(FieldError("/amount", detail),))
