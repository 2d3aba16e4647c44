"""Exchange as the settings switch it on: files of real rates end up in the table, and the house's rules hold."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from application.fx.list_rates import ListRates, ListRatesHandler
from application.fx.refresh_rates import RateSources, RefreshRatesHandler
from application.fx.rules import DealingRules
from domain.errors import MediatorError
from domain.fx.rates import DayRule, MissingDay, Source
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container
from entrypoints.wiring.outside import Outside
from tests.entrypoints.http.service import settings_for
from tests.fakes.stores import Database

DATA = Path(__file__).parents[2] / "data"
ECB, NRB = str(DATA / "eurofxref-excerpt.csv"), str(DATA / "nrb-forex.json")


async def test_real_files_are_read_into_the_table_once(fresh_database: Database) -> None:
    container = make_container(settings_for(fresh_database, fx_ecb_location=ECB, fx_nrb_location=NRB))
    try:
        refresh = await container.get(RefreshRatesHandler)
        assert await refresh(since=date(1999, 1, 1)) > 500
        assert await refresh(since=date(1999, 1, 1)) == 0

        listed = await container.get(ListRatesHandler)
        newyear = await listed(ListRates(day=date(2024, 1, 1)))
        assert (newyear.sheet.as_of, newyear.wanted) == (date(2023, 12, 29), date(2024, 1, 1))
        nepal = await listed(ListRates(source=Source.NRB, day=date(2023, 3, 2)))
        assert {rate.unit for rate in nepal.sheet.rates} == {1, 10, 100}
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            await listed(ListRates(day=date(2009, 6, 1)))
    finally:
        await container.close()


def test_sources_are_off_unless_they_are_given_a_place() -> None:
    outside = Outside()

    assert outside.rate_sources(Settings()) == RateSources(())
    found = outside.rate_sources(Settings(fx_ecb_location=ECB, fx_nrb_location=NRB))
    assert [one.source for one in found.sources] == [Source.ECB, Source.NRB]


def test_the_house_deals_as_the_settings_say() -> None:
    settings = Settings(
        fx_source="nrb", fx_days_back=2, fx_age_hours=30, fx_margin_basis_points=75, fx_quote_seconds=90
    )

    assert Outside().dealing_rules(settings) == DealingRules(
        source=Source.NRB,
        day_rule=DayRule(missing_day=MissingDay.PREVIOUS_PUBLICATION, days_back_max=2),
        age_max=timedelta(hours=30),
        margin_basis_points=75,
        lifetime=timedelta(seconds=90),
    )
    assert Outside().dealing_rules(Settings(fx_days_back=0)).day_rule.missing_day is MissingDay.EXACT
