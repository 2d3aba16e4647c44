"""The locks of posting are taken in one order: pinned by the plan of the statement that takes them."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.fakes.stores import Database

TENANT = "insert into fm.tenants (tenant_id, name, bucket, created_at) values ($1, 'crowded', 1, now())"
ACCOUNTS = """
    insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, created_at)
    select $1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'a:' || n, 'EUR', 'credit', now()
    from generate_series(1, $2::integer) n
"""
UPDATE = re.compile(
    r"update fm\.ledger_accounts q set posted_debits = q\.posted_debits \+ x\.d.*?where[^;)]*?x\.id", re.DOTALL
)
SETTING = re.compile(r"SET (enable_\w+) TO '(\w+)'")


@pytest.fixture
async def owner(fresh_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(fresh_database.owner_url)
    yield connection
    await connection.close()


async def locking_plan(owner: asyncpg.Connection, accounts: int) -> Any:
    """Explain the update of `fm.post_transfers` with the settings under which the function runs it."""
    source = await owner.fetchval("select pg_get_functiondef('fm.post_transfers'::regproc)")
    found = UPDATE.search(source)
    assert found is not None
    statement = found.group()
    names = ("v_tenants", "p_accounts", "v_debits", "v_credits", "v_counts")
    for number, (name, kind) in enumerate(zip(names, ("uuid", "uuid", *("bigint",) * 3), strict=True), start=1):
        statement = statement.replace(name, f"${number}::{kind}[]")
    ids = [f"00000000-0000-7000-8000-{number:012x}" for number in range(1, accounts + 1)]
    zeros = [0] * accounts
    settings = SETTING.findall(source)
    assert dict(settings).keys() >= {"enable_hashjoin", "enable_mergejoin"}
    async with owner.transaction():
        for name, value in settings:
            await owner.execute(f"set local {name} = {value}")
        # As a prepared statement settles on it: without looking at the values.
        await owner.execute("set local plan_cache_mode = force_generic_plan")
        rows = await owner.fetchval(
            "explain (format json) " + statement, [uuid7()] * accounts, ids, zeros, zeros, zeros
        )
    return json.loads(rows)[0]["Plan"]


async def filled(owner: asyncpg.Connection, size: int) -> None:
    tenant_id = uuid7()
    await owner.execute(TENANT, tenant_id)
    await owner.execute(ACCOUNTS, tenant_id, size)
    await owner.execute("analyze fm.ledger_accounts")


async def test_accounts_are_locked_one_by_one_in_the_order_of_the_array(owner: asyncpg.Connection) -> None:
    await filled(owner, 20_000)

    join = (await locking_plan(owner, 50))["Plans"][0]

    outer, inner = join["Plans"]
    assert join["Node Type"] == "Nested Loop"
    assert (outer["Node Type"], outer["Alias"]) == ("Function Scan", "x")
    assert (inner["Node Type"], inner["Index Name"]) == ("Index Scan", "ledger_accounts_pk")


@pytest.mark.parametrize("size", [0, 10])
async def test_among_few_accounts_the_order_is_that_of_their_key(owner: asyncpg.Connection, size: int) -> None:
    await filled(owner, size)

    join = (await locking_plan(owner, 50))["Plans"][0]

    # Whichever is looked through first: the array is sorted by id, and so is the key.
    assert join["Node Type"] == "Nested Loop"
    scans = {one["Node Type"]: one for one in join["Plans"]}
    assert scans.keys() == {"Function Scan", "Index Scan"}
    assert scans["Index Scan"]["Index Name"] == "ledger_accounts_pk"
    assert scans["Index Scan"]["Scan Direction"] == "Forward"
