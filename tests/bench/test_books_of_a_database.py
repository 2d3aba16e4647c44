"""The look at the books of a database: right ones pass, and each kind of mistake is found."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded.binaries import PostgresProgram
from adapters.embedded.urls import StoreUrls
from application.ports.identity import NewTenant
from tests.bench.books import Books
from tests.bench.filling import MONTHS, fill
from tests.bench.ground import Database, Ground, Tenant, open_accounts, require_durable
from tests.fakes import stores

ACCOUNTS, LEGS = 20, 600
FIRST = "select min(id::text)::uuid from fm.ledger_transactions"


@pytest.fixture
async def filled(fresh_database: stores.Database, tenant: NewTenant) -> Database:
    """A database with months of transfers between a few accounts."""
    urls = StoreUrls(
        database_owner_url=fresh_database.owner_url, database_url=fresh_database.application_url, redis_url=""
    )
    ground = Ground(
        urls=urls,
        program=PostgresProgram(Path(), "18"),
        postgres_pid=0,
        folder=Path(),
        logs=Path(),
        secret_key="",
        tenant=Tenant(id=tenant.tenant_id, actor="prn_1", api_key=""),
        accounts=ACCOUNTS,
    )
    database = Database(
        name=fresh_database.name,
        owner_url=fresh_database.owner_url,
        application_url=fresh_database.application_url,
        ground=ground,
    )
    connection = await asyncpg.connect(fresh_database.owner_url)
    await open_accounts(connection, tenant.tenant_id, ACCOUNTS)
    await connection.close()
    await asyncio.to_thread(fill, database, legs=LEGS)
    return database


async def test_filled_ledger_has_right_books_over_all_its_months(filled: Database) -> None:
    books = Books(filled)
    parts = "select count(distinct date_trunc('month', recorded_at, 'UTC')) from fm.entries"

    assert await asyncio.to_thread(books.committed) == LEGS // 2
    assert await asyncio.to_thread(books.mistakes) == {}
    assert await asyncio.to_thread(filled.number, parts) == MONTHS
    assert await asyncio.to_thread(books.deadlocks) == 0


@pytest.mark.parametrize(
    ("corruption", "mistakes"),
    [
        (
            "update fm.ledger_accounts set posted_debits = posted_debits + 1 where code = 'bench:3'",
            {"balances that differ from their entries": 1},
        ),
        (
            "update fm.ledger_accounts set version = version + 1 where code = 'bench:4'",
            {"balances that differ from their entries": 1},
        ),
        (
            f"delete from fm.entries where line = 1 and transaction_id = ({FIRST})",  # noqa: S608 -- a constant
            {"unbalanced sums": 1, "balances that differ from their entries": 1},
        ),
        (
            f"update fm.entries set amount_minor = 2 where transaction_id = ({FIRST})",  # noqa: S608 -- a constant
            {"balances that differ from their entries": 2},
        ),
    ],
)
async def test_each_kind_of_mistake_is_found(corruption: str, mistakes: dict[str, int], filled: Database) -> None:
    await asyncio.to_thread(filled.do, corruption)

    assert await asyncio.to_thread(Books(filled).mistakes) == mistakes


async def test_server_that_does_not_wait_for_its_disk_is_refused(fresh_database: stores.Database) -> None:
    await stores.run(fresh_database.owner_url, f"alter database {fresh_database.name} set synchronous_commit = 'off'")

    with pytest.raises(RuntimeError, match=r"(fsync|synchronous_commit) is off"):
        await require_durable(fresh_database.owner_url)
