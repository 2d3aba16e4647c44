"""Exchange rates as their sources publish them: exact, per unit, for one day, and never carried over in silence."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from domain.errors import FX_RATE_UNAVAILABLE, MediatorError
from domain.money import Currency


class Source(StrEnum):
    """Who publishes rates: the European Central Bank (mid, per euro), Nepal Rastra Bank (buy and sell, in rupees)."""

    ECB = "ecb"
    NRB = "nrb"


PIVOTS: dict[Source, Currency] = {Source.ECB: Currency("EUR"), Source.NRB: Currency("NPR")}
"""The currency that is one side of every rate of a source: cross rates go through it."""

UTC_OFFSETS: dict[Source, timedelta] = {Source.ECB: timedelta(hours=1), Source.NRB: timedelta(hours=5, minutes=45)}
"""By which clock a source's days begin (CET without its summer hour, which moves no rate; Nepal time)."""


class Side(StrEnum):
    """Whose price it is: `buy` is what the source pays for the base currency, `sell` what it asks for it."""

    MID = "mid"
    BUY = "buy"
    SELL = "sell"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """`unit` of `base` cost `value` of `quote`, both in major units. Raises ValueError for a price that is none.

    `published_at` is None where the source does not say it.
    """

    source: Source
    base: Currency
    quote: Currency
    unit: int
    side: Side
    as_of: date
    published_at: datetime | None
    value: Decimal

    def __post_init__(self) -> None:
        """Refuse what is not a positive number for two currencies. `is_finite` first: sNaN cannot be compared."""
        if not self.value.is_finite() or self.value <= 0 or self.unit < 1 or self.base == self.quote:
            message = f"{self.unit} {self.base} = {self.value} {self.quote} is not a rate"
            raise ValueError(message)

    @property
    def price(self) -> Fraction:
        """What one major unit of the base costs in the quote, exactly."""
        return Fraction(self.value) / self.unit


class RateSheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a source published for one day. Raises ValueError where it contradicts itself."""

    source: Source
    as_of: date
    rates: tuple[Rate, ...]

    def __post_init__(self) -> None:
        """Refuse an empty sheet, strange rates, a price said twice, and a source that buys dearer than it sells."""
        prices: dict[tuple[Currency, Currency, Side], Fraction] = {}
        for rate in self.rates:
            if (rate.source, rate.as_of) != (self.source, self.as_of) or self.pivot not in (rate.base, rate.quote):
                raise ValueError(f"{rate} does not belong to the rates of {self.source} for {self.as_of}")
            if (rate.base, rate.quote, rate.side) in prices:
                raise ValueError(f"{self.source} gives {rate.base}/{rate.quote} {rate.side} twice for {self.as_of}")
            prices[rate.base, rate.quote, rate.side] = rate.price
        for (base, quote, side), price in prices.items():
            if side is Side.BUY and price > prices.get((base, quote, Side.SELL), price):
                raise ValueError(f"{self.source} buys {base} dearer than it sells it on {self.as_of}")
        if not prices:
            raise ValueError(f"{self.source} gives no rate for {self.as_of}")

    @property
    def pivot(self) -> Currency:
        """The currency that every rate of the sheet has in common."""
        return PIVOTS[self.source]

    @property
    def known_at(self) -> datetime:
        """From when its age is counted: the earliest publication, or the beginning of its day where none is said."""
        said = [rate.published_at for rate in self.rates if rate.published_at is not None]
        return min(said) if said else datetime.combine(self.as_of, time.min, UTC) - UTC_OFFSETS[self.source]


class MissingDay(StrEnum):
    """What to do about a day for which the source published nothing at all (a weekend, a holiday, not yet).

    A currency that a source left out on a day on which it published others is never filled in, by neither.
    """

    EXACT = "exact"
    PREVIOUS_PUBLICATION = "previous_publication"


class DayRule(msgspec.Struct, frozen=True, kw_only=True):
    """The stated policy: the wanted day only, or the last publication at most `days_back_max` calendar days before."""

    missing_day: MissingDay = MissingDay.PREVIOUS_PUBLICATION
    days_back_max: int = 5

    @property
    def days_back(self) -> int:
        """How many days back the rule allows."""
        return self.days_back_max if self.missing_day is MissingDay.PREVIOUS_PUBLICATION else 0


class ChosenSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet that serves a wanted day, and by which rule."""

    sheet: RateSheet
    wanted: date
    rule: DayRule

    @property
    def reason(self) -> str:
        """Say why this day's rates serve."""
        source, as_of = self.sheet.source.value.upper(), self.sheet.as_of
        if as_of == self.wanted:
            return f"{source} published these rates for {as_of}."
        return (
            f"{source} published nothing for {self.wanted}: the rates of {as_of} serve, its last publication, "
            f"{(self.wanted - as_of).days} days before; {self.rule.days_back} are allowed."
        )


def today_of(source: Source, now: datetime) -> date:
    """Give the day that it is for a source."""
    return (now.astimezone(UTC) + UTC_OFFSETS[source]).date()


def choose_sheet(source: Source, last: RateSheet | None, wanted: date, rule: DayRule) -> ChosenSheet:
    """Take the source's last sheet up to the wanted day if the rule allows it. Raises FX_RATE_UNAVAILABLE."""
    if last is None or last.as_of > wanted or (wanted - last.as_of).days > rule.days_back:
        found = "none are earlier" if last is None else f"the last are of {last.as_of}"
        name = source.value.upper()
        raise MediatorError(
            FX_RATE_UNAVAILABLE,
            f"There are no rates of {name} for {wanted}; {found}, and at most {rule.days_back} days back are allowed.",
        )
    return ChosenSheet(sheet=last, wanted=wanted, rule=rule)


def require_fresh(sheet: RateSheet, *, now: datetime, age_max: timedelta) -> None:
    """Refuse to deal at rates that are older than the limit. Raises FX_RATE_UNAVAILABLE."""
    if now - sheet.known_at > age_max:
        hours = age_max // timedelta(hours=1)
        raise MediatorError(
            FX_RATE_UNAVAILABLE,
            f"The rates of {sheet.source.value.upper()} for {sheet.as_of} are older than {hours} hours.",
        )
