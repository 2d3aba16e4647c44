"""The promise of whoever keeps rates: whole sheets, corrected whole, and found by their day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.fx import (
    PostgresRateRepository,
)
from adapters.postgres.lanes import dispose
from application.ports.fx import (
    RateRepository,
    Written,
)
from domain.fx.rates import RateSheet, Source
from tests.fakes.fx import FRIDAY, MemoryRates, ecb_sheet, nrb_sheet
from tests.fakes.stores import Database

THURSDAY = FRIDAY - timedelta(days=1)


@pytest.fixture
async def fresh_rates(fresh_database: Database) -> AsyncIterator[RateRepository]:
    """A database of its own: rates belong to no tenant."""
    engine = make_engine(fresh_database.application_url, pool=PoolSize(1, 3), application="tests")
    yield PostgresRateRepository(engine)
    await dispose(engine)


@pytest.fixture(params=["memory", "postgres"])
def rates(request: pytest.FixtureRequest) -> RateRepository:
    """No rates at all."""
    if request.param == "memory":
        return MemoryRates()
    found: RateRepository = request.getfixturevalue("fresh_rates")
    return found


class TestRates:
    """Sheets are kept whole, corrected whole, and found by their day."""

    async def test_nothing_is_found_before_anything_was_written(self, rates: RateRepository) -> None:
        assert await rates.find_last(Source.ECB, until=FRIDAY) is None

    async def test_a_sheet_comes_back_exactly_as_it_was_written(self, rates: RateRepository) -> None:
        sheets = (ecb_sheet(THURSDAY, IDR="20275.123456789012"), nrb_sheet())

        assert await rates.write(sheets) == Written(len(sheets[0].rates) + len(sheets[1].rates), 0)
        for sheet in sheets:
            found = await rates.find_last(sheet.source, until=FRIDAY)
            assert found is not None
            assert by_pair(found) == by_pair(sheet)

    async def test_the_last_sheet_up_to_a_day_is_found_and_never_a_later_one(self, rates: RateRepository) -> None:
        await rates.write([ecb_sheet(), ecb_sheet(THURSDAY)])

        days = [FRIDAY + timedelta(days=400), FRIDAY, THURSDAY, THURSDAY - timedelta(days=1)]
        found = [await rates.find_last(Source.ECB, until=day) for day in days]
        assert [None if one is None else one.as_of for one in found] == [FRIDAY, FRIDAY, THURSDAY, None]

    async def test_writing_the_same_again_changes_nothing(self, rates: RateRepository) -> None:
        await rates.write([ecb_sheet(), nrb_sheet()])

        assert await rates.write([ecb_sheet(), nrb_sheet()]) == Written(0, 0)

    async def test_a_correction_replaces_the_day_with_what_is_new_and_what_was_withdrawn(
        self, rates: RateRepository
    ) -> None:
        await rates.write([ecb_sheet(), ecb_sheet(THURSDAY)])
        kept = tuple(rate for rate in ecb_sheet(USD="1.2", SEK="10.978").rates if rate.quote != "JPY")

        assert await rates.write([RateSheet(source=Source.ECB, as_of=FRIDAY, rates=kept)]) == Written(1, 2)
        found = await rates.find_last(Source.ECB, until=FRIDAY)
        assert found is not None
        prices = {str(rate.quote): rate.value for rate in found.rates}
        assert (prices["USD"], prices["SEK"], "JPY" in prices) == (Decimal("1.2"), Decimal("10.978"), False)
        untouched = await rates.find_last(Source.ECB, until=THURSDAY)
        assert untouched is not None
        assert by_pair(untouched) == by_pair(ecb_sheet(THURSDAY))

    async def test_writing_nothing_is_nothing(self, rates: RateRepository) -> None:
        assert await rates.write([]) == Written(0, 0)

    async def test_two_who_write_the_same_at_once_write_it_once(self, rates: RateRepository) -> None:
        sheets = [ecb_sheet(FRIDAY - timedelta(days=back)) for back in range(10)]

        written = await asyncio.gather(*(rates.write(sheets) for _ in range(4)))

        assert sum(one.added for one in written) == 10 * len(ecb_sheet().rates)


def by_pair(sheet: RateSheet) -> dict[tuple[str, str, str], object]:
    return {(one.base, one.quote, one.side): one for one in sheet.rates}


async def test_a_rate_that_is_no_number_is_refused_by_the_table_itself(fresh_database: Database) -> None:
    connection = await asyncpg.connect(fresh_database.owner_url)
    try:
        for value in ("NaN", "Infinity", "0", "-1"):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    """insert into fm.fx_rates (source, as_of, base, quote, side, unit, value, recorded_at)
                      values ('ecb', $1, 'EUR', 'USD', 'mid', 1, $2, now())""",
                    date(2026, 10, 30),
                    Decimal(value),
                )
    finally:
        await connection.close()
