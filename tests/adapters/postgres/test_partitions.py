"""The parts of the big tables: made ahead of time, once, and without standing in the way of payments."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.outbox import PostgresOutbox
from domain.errors import BACKPRESSURE, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import ProviderAccountId
from tests.fakes.house import postgres_house
from tests.fakes.identity import a_tenant
from tests.fakes.keeping import keep, story_for
from tests.fakes.stores import Database

PARENTS = ("audit_events", "entries", "events", "ledger_transactions")
COME_AGAIN = (BACKPRESSURE, SERVICE_UNAVAILABLE)
PATIENCE_SECONDS = 2.0
"""How long a payment may be held up by the making of parts: four times what reliability promises."""


async def parts(owner: asyncpg.Connection) -> dict[str, list[str]]:
    """Give the parts of each table."""
    rows = await owner.fetch(
        """
        select p.relname as parent, c.relname as part from pg_inherits i
          join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
        where p.relnamespace = 'fm'::regnamespace and p.relkind = 'p' order by 1, 2
        """
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["parent"], []).append(row["part"])
    return found


@pytest.fixture
async def engine(fresh_database: Database) -> AsyncIterator[AsyncEngine]:
    """The application's engine on a database for this test alone."""
    made = make_engine(fresh_database.application_url, pool=PoolSize(2, 4), application="tests-parts")
    yield made
    await made.dispose()


@pytest.fixture
def outbox(engine: AsyncEngine) -> PostgresOutbox:
    """The outbox of that database."""
    return PostgresOutbox(engine)


async def wait_until_it_waits(owner: asyncpg.Connection, making: asyncio.Task[int]) -> None:
    """Wait until the making of parts waits for a lock, or is over."""
    sql = """select count(*) from pg_stat_activity where datname = current_database()
      and application_name = 'tests-parts' and wait_event_type = 'Lock'"""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not making.done() and not await owner.fetchval(sql):
            await asyncio.sleep(0.01)


async def test_a_new_database_has_room_for_this_month_and_the_next(fresh_database_owner: asyncpg.Connection) -> None:
    month = f"{datetime.now(UTC):%Y%m}"
    found = await parts(fresh_database_owner)

    assert tuple(sorted(found)) == PARENTS
    for parent in PARENTS:
        assert f"{parent}_{month}" in found[parent]
        assert len([part for part in found[parent] if part > f"{parent}_{month}"]) == 3


async def test_room_is_made_once(fresh_database_owner: asyncpg.Connection, outbox: PostgresOutbox) -> None:
    before = await parts(fresh_database_owner)

    assert await outbox.ensure_partitions(3) == 0
    assert await outbox.ensure_partitions(5) == 2 * len(PARENTS)
    assert await outbox.ensure_partitions(5) == 0
    after = await parts(fresh_database_owner)
    assert all(len(after[parent]) == len(before[parent]) + 2 for parent in PARENTS)


async def test_the_parts_meet_without_gap_or_overlap(fresh_database_owner: asyncpg.Connection) -> None:
    await fresh_database_owner.execute("select fm_ops.ensure_partitions(14)")
    rows = await fresh_database_owner.fetch(
        """
        select p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bounds from pg_inherits i
          join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
        where p.relnamespace = 'fm'::regnamespace and p.relkind = 'p' order by c.relname
        """
    )
    for parent in PARENTS:
        bounds = [row["bounds"].split("'")[1::2] for row in rows if row["parent"] == parent]
        assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(bounds))
        assert all(begin.endswith("-01 00:00:00+00") for begin, _ in bounds)


async def test_many_who_make_room_at_once_make_it_once_or_are_told_to_come_again(
    fresh_database_owner: asyncpg.Connection, outbox: PostgresOutbox
) -> None:
    ends = await asyncio.gather(*(outbox.ensure_partitions(8) for _ in range(4)), return_exceptions=True)

    refusals = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(end, MediatorError) and end.entry in COME_AGAIN for end in refusals), refusals
    assert sum(end for end in ends if isinstance(end, int)) == 5 * len(PARENTS)
    assert {len(found) for found in (await parts(fresh_database_owner)).values()} == {10}


async def test_whoever_cannot_make_room_for_now_is_told_to_come_again(
    fresh_database_owner: asyncpg.Connection, outbox: PostgresOutbox
) -> None:
    async with fresh_database_owner.transaction():
        await fresh_database_owner.fetchval("select count(*) from fm.entries")  # A report that takes its time.
        with pytest.raises(MediatorError) as refusal:
            await outbox.ensure_partitions(12)

    assert refusal.value.entry in COME_AGAIN


async def test_making_room_gives_way_to_payments(
    fresh_database: Database, fresh_database_owner: asyncpg.Connection, engine: AsyncEngine, outbox: PostgresOutbox
) -> None:
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
    await PostgresTenants(engine).open(tenant)
    house = postgres_house(tenant, engine, fresh_database.owner_url)
    is_held_up = False
    async with fresh_database_owner.transaction():
        await fresh_database_owner.fetchval("select count(*) from fm.entries")  # A report that takes its time.
        making = asyncio.create_task(outbox.ensure_partitions(12))
        await wait_until_it_waits(fresh_database_owner, making)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await keep(house, story_for(house).succeed())
        except TimeoutError:
            is_held_up = True
    await asyncio.gather(making, return_exceptions=True)

    assert not is_held_up
