"""List the rates that hold for a day."""

from dataclasses import dataclass
from datetime import date

import msgspec

from application.fx.rules import DealingRules
from application.ports.fx import RateRepository
from application.ports.world import World
from domain.fx.rates import ChosenSheet, DayRule, Source, choose_sheet, today_of


class ListRates(msgspec.Struct, frozen=True, kw_only=True):
    """Whose rates, for which day (today where None), and by which rule for days without any (the house's)."""

    source: Source | None = None
    day: date | None = None
    rule: DayRule | None = None


@dataclass(frozen=True, slots=True)
class ListRatesHandler:
    """The policy: the same choice of a day as for a quote, and said in the same words; of any age."""

    rates: RateRepository
    rules: DealingRules
    world: World

    async def __call__(self, command: ListRates) -> ChosenSheet:
        """Give the sheet. Raises FX_RATE_UNAVAILABLE."""
        source = command.source or self.rules.source
        day = command.day or today_of(source, self.world.moment().now)
        last = await self.rates.find_last(source, until=day)
        return choose_sheet(source, last, day, command.rule or self.rules.day_rule)
