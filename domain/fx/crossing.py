"""Rates between any two currencies of a sheet: direct, inverted, or through the pivot, and never rounded on the way."""

import math
from fractions import Fraction

import msgspec

from domain.errors import FX_RATE_UNAVAILABLE, MediatorError
from domain.fx.rates import Rate, RateSheet, Side
from domain.money import Currency


class Step(msgspec.Struct, frozen=True):
    """One exchange: from the base to the quote of a rate, or `inverse`, from its quote to its base."""

    rate: Rate
    inverse: bool

    @property
    def factor(self) -> Fraction:
        """How much of the new currency one of the old one gives, in major units."""
        return 1 / self.rate.price if self.inverse else self.rate.price


def steps_between(sheet: RateSheet, source: Currency, target: Currency) -> tuple[Step, ...]:
    """Give the one or two exchanges that lead from one currency to another. Raises FX_RATE_UNAVAILABLE.

    The source of the rates is who deals: it buys what the customer gives and sells what the customer wants, so a
    two-sided sheet costs its spread on each step.
    """
    if sheet.pivot in (source, target):
        return (_step(sheet, source, target),)
    return (_step(sheet, source, sheet.pivot), _step(sheet, sheet.pivot, target))


def cross_rate(steps: tuple[Step, ...]) -> Fraction:
    """How much of the last currency one of the first gives, exactly."""
    return math.prod((step.factor for step in steps), start=Fraction(1))


def _step(sheet: RateSheet, source: Currency, target: Currency) -> Step:
    """Find the price for one exchange: the dealer's own side first, its mid price where it names no sides."""
    by_pair = {(rate.base, rate.quote, rate.side): rate for rate in sheet.rates}
    for side in (Side.BUY, Side.MID):
        if rate := by_pair.get((source, target, side)):
            return Step(rate, inverse=False)
    for side in (Side.SELL, Side.MID):
        if rate := by_pair.get((target, source, side)):
            return Step(rate, inverse=True)
    raise MediatorError(
        FX_RATE_UNAVAILABLE,
        f"{sheet.source.value.upper()} gives no rate from {source} to {target} for {sheet.as_of}.",
    )
