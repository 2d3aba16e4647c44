"""Rates as they are read from their sources, kept, and listed."""

from datetime import date, timedelta

import pytest

from application.fx.list_rates import ListRates, ListRatesHandler
from application.fx.refresh_rates import RateSources, RefreshRatesHandler
from application.fx.rules import DealingRules
from application.ports.fx import RatesUnreachable, RatesUnreadable
from domain.errors import MediatorError
from domain.fx.rates import DayRule, MissingDay, RateSheet, Source
from tests.fakes.fx import FRIDAY, NOON, MemoryRates, ScriptedRates, ecb_sheet, nrb_sheet
from tests.fakes.world import SettableWorld


def refreshing(rates: MemoryRates, *sources: ScriptedRates) -> RefreshRatesHandler:
    return RefreshRatesHandler(RateSources(sources), rates, SettableWorld(NOON))


class TestRefreshing:
    """Each source for itself, whole days only, and nothing from the future."""

    async def test_what_is_new_is_kept_and_counted(self) -> None:
        rates = MemoryRates()
        sources = (ScriptedRates(Source.ECB, [ecb_sheet()]), ScriptedRates(Source.NRB, [nrb_sheet()]))

        assert await refreshing(rates, *sources)() == len(ecb_sheet().rates) + len(nrb_sheet().rates)
        assert await refreshing(rates, *sources)() == 0

    async def test_a_source_is_read_from_before_its_last_day_on_as_it_may_correct_itself(self) -> None:
        rates, source = MemoryRates(), ScriptedRates(Source.ECB, [ecb_sheet(FRIDAY - timedelta(days=3))])

        await refreshing(rates, source)()
        await refreshing(rates, source)()
        await refreshing(rates, ScriptedRates(Source.ECB, []))(since=date(1999, 1, 4))

        assert source.asked == [(FRIDAY - timedelta(days=90), FRIDAY), (FRIDAY - timedelta(days=10), FRIDAY)]

    async def test_a_whole_history_can_be_asked_for(self) -> None:
        source = ScriptedRates(Source.ECB, [ecb_sheet(date(1999, 1, 4))])

        assert await refreshing(MemoryRates(), source)(since=date(1999, 1, 1)) > 0
        assert source.asked == [(date(1999, 1, 1), FRIDAY)]

    @pytest.mark.parametrize("fault", [RatesUnreachable("no answer"), RatesUnreadable("line 7")])
    async def test_a_source_that_fails_is_named_and_keeps_no_other_from_being_read(self, fault: Exception) -> None:
        rates = MemoryRates()
        handler = refreshing(rates, ScriptedRates(Source.ECB, fault), ScriptedRates(Source.NRB, [nrb_sheet()]))

        with pytest.raises(MediatorError, match=f"FX_RATE_UNAVAILABLE: ECB: {fault}"):
            await handler()
        assert set(rates.sheets) == {(Source.NRB, FRIDAY)}

    @pytest.mark.parametrize("day", [FRIDAY + timedelta(days=1), FRIDAY - timedelta(days=91)])
    async def test_days_that_were_not_asked_for_are_not_taken(self, day: date) -> None:
        rates = MemoryRates()

        with pytest.raises(MediatorError, match="gave other days"):
            await refreshing(rates, ScriptedRates(Source.ECB, [ecb_sheet(), ecb_sheet(day)]))()
        assert rates.sheets == {}

    async def test_without_sources_there_is_nothing_to_do(self) -> None:
        assert await refreshing(MemoryRates())() == 0


class TestListing:
    """The same choice of a day as for a quote."""

    async def listed(self, command: ListRates, *sheets: RateSheet) -> RateSheet:
        rates = MemoryRates()
        await rates.write(sheets)
        return (await ListRatesHandler(rates, DealingRules(), SettableWorld(NOON))(command)).sheet

    async def test_todays_rates_of_the_houses_source_are_listed(self) -> None:
        assert await self.listed(ListRates(), ecb_sheet(), nrb_sheet()) == ecb_sheet()

    async def test_another_source_and_an_earlier_day_can_be_asked_for(self) -> None:
        thursday = FRIDAY - timedelta(days=1)

        found = await self.listed(ListRates(source=Source.NRB, day=thursday), nrb_sheet(), nrb_sheet(thursday))

        assert found == nrb_sheet(thursday)

    async def test_a_day_without_rates_follows_the_rule(self) -> None:
        sunday = FRIDAY + timedelta(days=2)

        assert await self.listed(ListRates(day=sunday), ecb_sheet()) == ecb_sheet()
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            await self.listed(ListRates(day=sunday, rule=DayRule(missing_day=MissingDay.EXACT)), ecb_sheet())
