"""Read what the sources have published, and keep it."""

from dataclasses import dataclass
from datetime import date, timedelta

from application.ports.fx import RateRepository, RateSource, RatesUnreachable, RatesUnreadable, Written
from application.ports.world import World
from domain.errors import FX_RATE_UNAVAILABLE, MediatorError
from domain.fx.rates import today_of

REREAD = timedelta(days=7)
"""How far back published days are read again: sources correct themselves."""

FIRST_READ = timedelta(days=90)
"""How far back a source is read at its first time, unless more is asked for."""


@dataclass(frozen=True, slots=True)
class RateSources:
    """The sources that the settings switch on."""

    sources: tuple[RateSource, ...]


@dataclass(frozen=True, slots=True)
class RefreshRatesHandler:
    """The policy.

    - Each source is read from a week before its last known day on; a day is written whole or not at all.
    - A rate of a day that has not begun at its source is never taken over.
    - A source that cannot be read does not keep another from being read; it is told at the end.
    """

    sources: RateSources
    rates: RateRepository
    world: World

    async def __call__(self, *, since: date | None = None) -> int:
        """Read all sources; give how many rates are new or corrected. Raises FX_RATE_UNAVAILABLE, naming faults."""
        written, faults = 0, []
        for source in self.sources.sources:
            try:
                one = await self._refresh(source, since)
            except (RatesUnreachable, RatesUnreadable) as fault:
                faults.append(f"{source.source.value.upper()}: {fault}")
            else:
                written += one.added + one.revised
        if faults:
            raise MediatorError(FX_RATE_UNAVAILABLE, "; ".join(faults))
        return written

    async def _refresh(self, source: RateSource, since: date | None) -> Written:
        today = today_of(source.source, self.world.moment().now)
        if since is None:
            last = await self.rates.find_last(source.source, until=today)
            since = today - FIRST_READ if last is None else last.as_of - REREAD
        sheets = await source.sheets(since=since, until=today)
        if any(not since <= sheet.as_of <= today for sheet in sheets):
            raise RatesUnreadable(f"gave other days than those from {since} to {today}")
        return await self.rates.write(sheets)
