"""Row-level security, the second line of defence: a forgotten condition shows nothing of another tenant."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.story import NOT_SENT, UNKNOWN

DIRECTORIES = ("fm.api_key_directory", "fm.provider_account_directory")
"""Found before the tenant is known; they hold identifiers and nothing else."""

SHARED = ("fm.fx_rates",)
"""What is published for everybody, and belongs to nobody."""

ONE = "00000000-0000-7000-8000-000000000001"
ROWS = {
    "ledger_references": ("reference, transaction_id, created_at", f"'r','{ONE}',now()"),
    "ledger_reversals": ("reverses_id, transaction_id, created_at", f"'{ONE}','{ONE}',now()"),
    "limit_policies": (
        "id, scope, subject_id, currency, window_seconds, amount_max, created_at",
        f"'{ONE}','account','{ONE}','EUR',60,1,now()",
    ),
    "limit_usage": ("policy_id, window_start", f"'{ONE}',now()"),
    "fx_quotes": (
        "id, version, state, fixed_side, source_currency, source_minor, target_currency, target_minor, terms, "  # noqa: ISC004 -- one list
        "expires_at, created_at, updated_at",
        f"'{ONE}',1,'open','source','EUR',1,'USD',1,'{{}}',now(),now(),now()",
    ),
    "routing_rulesets": ("version, rules, actor, effective_from, created_at", "1,'[]','a',now(),now()"),
    "route_decisions": ("payment_id, ruleset_version, body, decided_at", f"'{ONE}',0,'{{}}',now()"),
    "ledger_imports": ("id, state, digest, started_at, updated_at", f"'{ONE}','removed','d',now(),now()"),
    "proof_points": ("proved_to, is_full, entries, totals, snapshots, taken_at", "now(),true,0,'{}',0,now()"),
    "balance_snapshots": (
        "account_id, proved_to, entries, posted_debits, posted_credits, balance_minor, account_version, recorded_at",
        f"'{ONE}',now(),0,0,0,0,0,now()",
    ),
}
"""A row in each table that the stories below leave empty."""


@pytest.fixture
async def application(application_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the running application."""
    connection = await asyncpg.connect(application_url)
    yield connection
    await connection.close()


@pytest.fixture
async def busy_house(house: House, owner: asyncpg.Connection) -> House:
    """A tenant with a row in every table."""
    await keep(house, story_for(house).succeed().give_back(100).succeed())
    await keep(house, story_for(house).settle(UNKNOWN))
    await keep(house, story_for(house).settle(NOT_SENT).try_again())
    account = await owner.fetchval("select id from fm.ledger_accounts where tenant_id = $1 limit 1", house.tenant_id)
    for table, columns, values in (
        (
            "idempotency_records",
            "route, key, fingerprint, state, created_at, last_seen_at",
            "'r','k','','done',now(),now()",
        ),
        ("parked_jobs", "id, actor, arguments, error, attempts, parked_at", "gen_random_uuid(),'a','{}','e',1,now()"),
        (
            "callbacks",
            "id, provider_account_id, provider, transport, headers, raw, digest, received_at, last_seen_at",
            f"'{ONE}','{house.account}','sandbox','file','{{}}','','',now(),now()",
        ),
        ("provider_breakers", "provider_account_id, setting, actor, set_at", f"'{house.account}','open','a',now()"),
        (
            "callback_events",
            "provider_account_id, provider_event_id, callback_id, position, lane, said, seen_count, last_seen_at",
            f"'{house.account}','e','{ONE}',1,'l','{{}}',1,now()",
        ),
        ("callback_refusals", "provider_account_id, refused_count, last_refused_at", f"'{house.account}',1,now()"),
        (
            "beneficiaries",
            "id, version, state, type, name, country, currency, account_number, metadata, created_at, updated_at",
            f"'{ONE}',1,'active','wallet','Sita','NP','EUR','9800000000','{{}}',now(),now()",
        ),
        (
            "payouts",
            (
                "id, version, state, currency, amount_minor, beneficiary_id, provider, provider_account_id, "
                "requires_approval, created_by, metadata, hold_id, created_at, updated_at"
            ),
            f"'{ONE}',1,'created','EUR',1,'{ONE}','sandbox','{house.account}',false,'a','{{}}','{ONE}',now(),now()",
        ),
        (
            "payout_operations",
            (
                "id, payout_id, version, state, key, config_version, currency, amount_minor, sends, queries, send_by, "
                "created_at, updated_at"
            ),
            f"'{ONE}','{ONE}',1,'sending','k',1,'EUR',1,1,0,now(),now(),now()",
        ),
        *((table, columns, values) for table, (columns, values) in ROWS.items()),
        (
            "balance_monitors",
            "id, account_id, measure, comparison, threshold_minor, is_met, created_at",
            f"'{ONE}','{account}','posted','lt',1,false,now()",
        ),
    ):
        await owner.execute(f"insert into fm.{table} (tenant_id, {columns}) values ('{house.tenant_id}', {values})")  # noqa: S608 -- our own words
    return house


async def tables(owner: asyncpg.Connection) -> list[str]:
    """Give every table that belongs to tenants."""
    sql = """select oid::regclass::text as name from pg_class
      where relnamespace = 'fm'::regnamespace and relkind in ('r','p') and not relispartition"""
    return sorted(row["name"] for row in await owner.fetch(sql) if row["name"] not in (*DIRECTORIES, *SHARED))


async def seen(application: asyncpg.Connection, names: list[str], tenant: str | None) -> dict[str, int]:
    """Count the rows of each table that the application sees without any condition."""
    counts = {}
    async with application.transaction():
        if tenant is not None:
            await application.execute("select set_config('app.tenant', $1, true)", tenant)
        for name in names:
            counts[name] = await application.fetchval(f"select count(*) from {name}")  # noqa: S608 -- our own name
    return counts


async def test_without_a_tenant_nothing_is_seen(
    busy_house: House, application: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    names = await tables(owner)

    assert set((await seen(application, names, None)).values()) == {0}
    assert set((await seen(application, names, "")).values()) == {0}


async def test_with_another_tenant_nothing_is_seen(
    busy_house: House, application: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    assert set((await seen(application, await tables(owner), str(uuid7()))).values()) == {0}


async def test_a_tenant_sees_its_own_rows_in_every_table_and_no_other_tenants(
    busy_house: House, application: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    names = await tables(owner)
    expected = {
        name: await owner.fetchval(f"select count(*) from {name} where tenant_id = $1", busy_house.tenant_id)  # noqa: S608 -- our own name
        for name in names
    }

    assert 0 not in expected.values()
    assert await seen(application, names, str(busy_house.tenant_id)) == expected


async def test_the_tenant_in_sight_ends_with_its_transaction(
    busy_house: House, application: asyncpg.Connection
) -> None:
    await seen(application, ["fm.payments"], str(busy_house.tenant_id))

    assert await application.fetchval("select count(*) from fm.payments") == 0


async def test_every_table_of_tenants_has_its_policy(owner: asyncpg.Connection) -> None:
    unprotected = await owner.fetch(
        """
        select c.oid::regclass::text as name from pg_class c
        where c.relnamespace = 'fm'::regnamespace and c.relkind in ('r','p') and not c.relispartition
          and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
        """
    )

    assert sorted(row["name"] for row in unprotected) == sorted((*DIRECTORIES, *SHARED))


async def test_a_directory_holds_identifiers_and_nothing_else(owner: asyncpg.Connection) -> None:
    columns = await owner.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'fm' "
        "and table_name like '%directory' order by 1, ordinal_position"
    )

    assert [tuple(row) for row in columns] == [
        ("api_key_directory", "key_id"),
        ("api_key_directory", "tenant_id"),
        ("api_key_directory", "api_key_id"),
        ("provider_account_directory", "provider_account_id"),
        ("provider_account_directory", "tenant_id"),
    ]
