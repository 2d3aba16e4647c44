"""The throw-away stores of a bench, durable as those of the product, with a migrated database to copy."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import redis

from adapters.embedded.binaries import PostgresProgram, find_postgres
from adapters.embedded.locks import FileLock
from adapters.embedded.stores import EmbeddedStores
from adapters.embedded.urls import StoreUrls
from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.migrating import migrate
from adapters.security.api_keys import HmacApiKeys
from adapters.security.vault import EnvelopeVault
from adapters.system import SystemWorld
from application.identity.open_tenant import OpenTenant, OpenTenantHandler
from application.ports.identity import FirstAccounts
from domain.ids import Prefix, public_id
from entrypoints.settings import Settings
from tests.bench.children import ROOT
from tests.fakes.stores import at, run

PLACE = ROOT / ".mediator" / "bench"
"""On the disk of the checkout: a folder in memory would have no disk to wait for."""

TEMPLATE = "bench_template"
CURRENCY = "EUR"
ACCOUNT_UUID = "00000000-0000-7000-8000-{:012x}"
ACCOUNT_ID = f"{Prefix.LEDGER_ACCOUNT.value}_0000000000007000" + "8000{:012x}"
OVERDRAFT = 1_000_000_000_000_000
"""Far more than a bench moves, but a limit: every debit is checked against it."""

_TO_PASS = 0o711  # PostgreSQL may have to run as `nobody`, whose way to its data leads through here.

_ACCOUNTS = """
insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, overdraft_limit, created_at)
select $1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench:' || n, $2, 'credit', $3, now()
from generate_series(1, $4::integer) n
"""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """Whose books the bench writes."""

    id: UUID
    actor: str
    api_key: str

    def __repr__(self) -> str:
        """Show no key."""
        return f"Tenant({self.id})"


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Running stores, and a template in which a tenant has `accounts` accounts."""

    urls: StoreUrls
    program: PostgresProgram
    postgres_pid: int
    folder: Path
    logs: Path
    secret_key: str
    tenant: Tenant
    accounts: int

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"Ground({self.folder})"

    @contextmanager
    def database(self, name: str) -> Iterator["Database"]:
        """Lend a copy of the template, gone afterwards; the counters of Redis begin anew with it."""
        redis.Redis.from_url(self.urls.redis_url).flushall()
        owner = self.urls.database_owner_url
        asyncio.run(run(owner, f"create database {name} template {TEMPLATE} strategy file_copy", "checkpoint"))
        try:
            yield Database(
                name=name, owner_url=at(owner, name), application_url=at(self.urls.database_url, name), ground=self
            )
        finally:
            asyncio.run(run(owner, f"drop database {name} with (force)"))

    def settings(self, database_url: str) -> dict[str, str]:
        """Give the environment of a process of the product on that database."""
        return environment(os.environ) | {
            "SECRET_KEY": self.secret_key,
            "DATABASE_URL": database_url,
            "REDIS_URL": self.urls.redis_url,
            "BROKER_URL": self.urls.redis_url,
        }


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One database of the bench, as the schema's owner and as the running application see it."""

    name: str
    owner_url: str
    application_url: str
    ground: Ground

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"Database({self.name})"

    def ask(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """Ask as the owner, and give the rows."""
        return asyncio.run(_ask(self.owner_url, query, arguments))

    def number(self, query: str, *arguments: object) -> int:
        """Ask as the owner for one number."""
        return int(str(self.ask(query, *arguments)[0][0]))

    def do(self, *statements: str) -> None:
        """Run statements as the owner, each in a transaction of its own."""
        asyncio.run(run(self.owner_url, *statements))


async def _ask(url: str, query: str, arguments: tuple[object, ...]) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments, timeout=600)]
    finally:
        await connection.close()


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment without settings of the product that happen to be in it, and with the way to our code."""
    settings = {name.upper() for name in Settings.__struct_fields__}
    kept = {name: value for name, value in environ.items() if name not in settings}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def folder_to_throw_away() -> Iterator[Path]:
    """Make a folder on the disk of the checkout, gone afterwards."""
    for place in (PLACE.parent, PLACE):
        if not place.exists():
            place.mkdir(mode=_TO_PASS, parents=True)
    for remains in PLACE.glob("run-*"):
        remove_remains(remains)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=PLACE))
    folder.chmod(_TO_PASS)
    lock = FileLock(folder / "bench.lock")
    lock.try_take()
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def remove_remains(folder: Path) -> None:
    """Remove the folder of a bench that was killed; nothing happens when that bench still runs."""
    lock = FileLock(folder / "bench.lock")
    if (folder / "bench.lock").exists() and lock.try_take():
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ground_laid(*, accounts: int) -> Iterator[Ground]:
    """Run stores in a folder to throw away, and make the template. Raises EmbeddedStoreTrouble."""
    with folder_to_throw_away() as folder, EmbeddedStores(folder / "stores") as stores:
        logs = folder / "logs"
        logs.mkdir()
        owner = stores.urls.database_owner_url
        template = at(owner, TEMPLATE)
        secret_key = secrets.token_hex(32)
        asyncio.run(run(owner, f"create database {TEMPLATE} template template0"))
        asyncio.run(migrate(template))
        asyncio.run(require_durable(template))
        tenant = asyncio.run(_prepare(stores.urls, secret_key, accounts))
        yield Ground(
            urls=stores.urls,
            program=find_postgres(os.environ),
            postgres_pid=stores.health()["PostgreSQL"].pid,
            folder=folder,
            logs=logs,
            secret_key=secret_key,
            tenant=tenant,
            accounts=accounts,
        )


async def open_accounts(connection: Any, tenant_id: UUID, accounts: int) -> None:
    """Open accounts with the ids that the bench asks for."""
    await connection.execute(_ACCOUNTS, tenant_id, CURRENCY, OVERDRAFT, accounts, timeout=120)


async def require_durable(url: str) -> None:
    """Raise RuntimeError unless a commit waits for the disk: figures of anything else are worth nothing here."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        rows = await _ask(url, f"show {setting}", ())
        if rows != [("on",)]:
            raise RuntimeError(f"{setting} is {rows[0][0]}")


async def _prepare(urls: StoreUrls, secret_key: str, accounts: int) -> Tenant:
    engine = make_engine(at(urls.database_url, TEMPLATE), pool=PoolSize(1, 1), application="bench")
    handler = OpenTenantHandler(
        PostgresTenants(engine), HmacApiKeys(secret_key), FirstAccounts(), EnvelopeVault(secret_key), SystemWorld()
    )
    try:
        opened = await handler(OpenTenant(name="Bench", operator_name="Bench"))
    finally:
        await engine.dispose()
    connection = await asyncpg.connect(at(urls.database_owner_url, TEMPLATE))
    try:
        await open_accounts(connection, opened.tenant_id, accounts)
        await connection.execute("vacuum (analyze, freeze) fm.ledger_accounts")
    finally:
        await connection.close()
    return Tenant(id=opened.tenant_id, actor=public_id(Prefix.PRINCIPAL, opened.operator_id), api_key=opened.api_key)
