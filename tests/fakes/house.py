"""All stores of one tenant behind their ports, in memory or in PostgreSQL, with windows for a test to look through."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.beneficiaries import PostgresBeneficiaryBook
from adapters.postgres.breakers import PostgresBreakers
from adapters.postgres.callback_rows import PostgresCallbackQueries
from adapters.postgres.callbacks import PostgresCallbackInbox
from adapters.postgres.identity import PostgresApiKeyRepository, PostgresTenants
from adapters.postgres.jobs import PostgresEventStore, PostgresParkedJobs
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.ledger import PostgresLedgerQueries
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.payments import PostgresPaymentQueries, PostgresPaymentRepository
from adapters.postgres.payouts import PostgresPayoutQueries, PostgresPayoutRepository
from adapters.postgres.provider_accounts import (
    PostgresAccountsInForce,
    PostgresProviderAccountBook,
    PostgresProviderAccountQueries,
)
from adapters.postgres.routing import PostgresRouteBook
from application.ports.beneficiaries import BeneficiaryBook
from application.ports.callbacks import CallbackInbox, CallbackQueries
from application.ports.identity import ApiKeyRepository, NewTenant, Tenants
from application.ports.journal import IdempotencyKey, Journal
from application.ports.ledger import LedgerQueries
from application.ports.outbox import Outbox
from application.ports.payments import PaymentQueries, PaymentRepository
from application.ports.payouts import PayoutQueries, PayoutRepository
from application.ports.provider_accounts import AccountsInForce, ProviderAccountBook, ProviderAccountQueries
from application.ports.provider_health import Breakers
from application.ports.queue import EventStore, ParkedJobs
from application.ports.routing import RouteBook
from domain.ids import HoldId, ProviderAccountId, TenantId
from tests.fakes.breakers import MemoryBreakers
from tests.fakes.callbacks import MemoryCallbackInbox
from tests.fakes.identity import MemoryApiKeyRepository, MemoryTenants
from tests.fakes.journal import MemoryJournal
from tests.fakes.ledger import MemoryLedgerQueries
from tests.fakes.ledger_windows import LedgerWindows, MemoryLedgerWindows, PostgresLedgerWindows
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.payments import MemoryPaymentQueries, MemoryPaymentRepository
from tests.fakes.payouts import MemoryBeneficiaryBook, MemoryPayoutQueries, MemoryPayoutRepository
from tests.fakes.provider_accounts import MemoryProviderAccountBook, MemoryProviderAccountQueries
from tests.fakes.queue import MemoryEventStore, MemoryParkedJobs
from tests.fakes.routing import MemoryRouteBook
from tests.fakes.tables import MemoryDatabase


class HoldView(msgspec.Struct, frozen=True):
    """How a hold stands."""

    state: str
    posted_minor: int
    released_minor: int
    at_risk: bool


class Windows(Protocol):
    """What a test may look at, and no port shows; all of one tenant."""

    async def audit_actions(self) -> list[str]:
        """Give the actions on record, in order."""
        ...

    async def outbox_tags(self) -> list[str]:
        """Give the tags of the events that wait, in order, claimed or not."""
        ...

    async def key_state(self, key: IdempotencyKey) -> tuple[str, int] | None:
        """Give a key's state and how often it was seen."""
        ...

    async def hold(self, hold_id: HoldId) -> HoldView:
        """Give a hold."""
        ...

    async def fill(self, code: str, currency: str, posted_minor: int) -> None:
        """Pretend that so much was booked on both sides of an account."""
        ...


@dataclass(frozen=True, slots=True)
class House:
    """One tenant's stores."""

    tenant: NewTenant
    journal: Journal
    payments: PaymentRepository
    routes: RouteBook
    breakers: Breakers
    queries: PaymentQueries
    payouts: PayoutRepository
    payout_queries: PayoutQueries
    beneficiaries: BeneficiaryBook
    ledger: LedgerQueries
    outbox: Outbox
    inbox: CallbackInbox
    callbacks: CallbackQueries
    tenants: Tenants
    accounts: ProviderAccountBook
    account_queries: ProviderAccountQueries
    accounts_in_force: AccountsInForce
    api_keys: ApiKeyRepository
    parked: ParkedJobs
    events: EventStore
    windows: Windows
    ledger_windows: LedgerWindows

    @property
    def tenant_id(self) -> TenantId:
        """Whose stores they are."""
        return self.tenant.tenant_id

    @property
    def account(self) -> ProviderAccountId:
        """The tenant's account at the first provider."""
        return self.tenant.provider_accounts[0].id


def real_time() -> datetime:
    """Tell the time, for a memory database that shall measure leases as PostgreSQL does."""
    return datetime.now(UTC)


def memory_house(
    tenant: NewTenant, *, clock: Callable[[], datetime] = real_time, database: MemoryDatabase | None = None
) -> House:
    """Build a house in memory whose leases are measured by this clock; in a database of its own, or beside others."""
    database = database or MemoryDatabase(clock)
    database.open(tenant)
    return House(
        tenant=tenant,
        journal=MemoryJournal(database),
        payments=MemoryPaymentRepository(database),
        routes=MemoryRouteBook(database),
        breakers=MemoryBreakers(database),
        queries=MemoryPaymentQueries(database),
        payouts=MemoryPayoutRepository(database),
        payout_queries=MemoryPayoutQueries(database),
        beneficiaries=MemoryBeneficiaryBook(database),
        ledger=MemoryLedgerQueries(database),
        outbox=MemoryOutbox(database),
        inbox=MemoryCallbackInbox(database),
        callbacks=MemoryCallbackInbox(database),
        tenants=MemoryTenants(database),
        accounts=MemoryProviderAccountBook(database),
        account_queries=MemoryProviderAccountQueries(database),
        accounts_in_force=MemoryProviderAccountQueries(database),
        api_keys=MemoryApiKeyRepository(database),
        parked=MemoryParkedJobs(database),
        events=MemoryEventStore(database),
        windows=MemoryWindows(database, tenant.tenant_id),
        ledger_windows=MemoryLedgerWindows(database, tenant.tenant_id),
    )


def postgres_house(tenant: NewTenant, engine: AsyncEngine, owner_url: str, *, careful: bool = False) -> House:
    """Build a house in PostgreSQL, for a tenant that is open there; `careful` forces the general way of posting."""
    return House(
        tenant=tenant,
        journal=PostgresJournal(engine, careful=careful),
        payments=PostgresPaymentRepository(engine),
        routes=PostgresRouteBook(engine),
        breakers=PostgresBreakers(engine),
        queries=PostgresPaymentQueries(engine),
        payouts=PostgresPayoutRepository(engine),
        payout_queries=PostgresPayoutQueries(engine),
        beneficiaries=PostgresBeneficiaryBook(engine),
        ledger=PostgresLedgerQueries(engine),
        outbox=PostgresOutbox(engine),
        inbox=PostgresCallbackInbox(engine),
        callbacks=PostgresCallbackQueries(engine),
        tenants=PostgresTenants(engine),
        accounts=PostgresProviderAccountBook(engine),
        account_queries=PostgresProviderAccountQueries(engine),
        accounts_in_force=PostgresAccountsInForce(engine),
        api_keys=PostgresApiKeyRepository(engine),
        parked=PostgresParkedJobs(engine),
        events=PostgresEventStore(engine),
        windows=PostgresWindows(owner_url, tenant.tenant_id),
        ledger_windows=PostgresLedgerWindows(owner_url, tenant.tenant_id),
    )


class MemoryWindows(Windows):
    """Looks into the memory database."""

    def __init__(self, database: MemoryDatabase, tenant_id: TenantId) -> None:
        """Look at one tenant."""
        self._database = database
        self._tenant_id = tenant_id

    async def audit_actions(self) -> list[str]:
        """Give the actions on record, in order."""
        return [one.action for one in self._database.tables(self._tenant_id).audit]

    async def outbox_tags(self) -> list[str]:
        """Give the tags of the events that wait, in order."""
        rows = self._database.tables(self._tenant_id).outbox.values()
        return [row.tag for row in sorted(rows, key=lambda row: row.event_id)]

    async def key_state(self, key: IdempotencyKey) -> tuple[str, int] | None:
        """Give a key's state and how often it was seen."""
        record = self._database.tables(self._tenant_id).record(key)
        return None if record is None else (record.state, record.seen_count)

    async def hold(self, hold_id: HoldId) -> HoldView:
        """Give a hold."""
        hold = self._database.tables(self._tenant_id).books.holds[hold_id]
        return HoldView(hold.state, hold.posted_minor, hold.released_minor, hold.at_risk)

    async def fill(self, code: str, currency: str, posted_minor: int) -> None:
        """Pretend that so much was booked on both sides of an account."""
        books = self._database.tables(self._tenant_id).books
        account = books.accounts[code, currency]
        books.ledger.accounts[account.id] = msgspec.structs.replace(
            account, posted_debits=posted_minor, posted_credits=posted_minor
        )


class PostgresWindows(Windows):
    """Looks into PostgreSQL as the owner."""

    def __init__(self, owner_url: str, tenant_id: TenantId) -> None:
        """Look at one tenant."""
        self._owner_url = owner_url
        self._tenant_id = tenant_id

    async def audit_actions(self) -> list[str]:
        """Give the actions on record, in order."""
        rows = await self._rows("select action from fm.audit_events where tenant_id = $1 order by recorded_at")
        return [row["action"] for row in rows]

    async def outbox_tags(self) -> list[str]:
        """Give the tags of the events that wait, in order."""
        rows = await self._rows("select tag from fm.outbox where tenant_id = $1 order by event_id")
        return [row["tag"] for row in rows]

    async def key_state(self, key: IdempotencyKey) -> tuple[str, int] | None:
        """Give a key's state and how often it was seen."""
        sql = "select state, seen_count from fm.idempotency_records where tenant_id = $1 and route = $2 and key = $3"
        rows = await self._rows(sql, key.route, key.key)
        return (rows[0]["state"], rows[0]["seen_count"]) if rows else None

    async def hold(self, hold_id: HoldId) -> HoldView:
        """Give a hold."""
        sql = "select state, posted_minor, released_minor, at_risk from fm.holds where tenant_id = $1 and id = $2"
        return HoldView(*(await self._rows(sql, hold_id))[0])

    async def fill(self, code: str, currency: str, posted_minor: int) -> None:
        """Pretend that so much was booked on both sides of an account."""
        sql = """update fm.ledger_accounts set posted_debits = $4, posted_credits = $4
          where tenant_id = $1 and code = $2 and currency = $3"""
        await self._rows(sql, code, currency, posted_minor)

    async def _rows(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self._owner_url)
        try:
            return list(await connection.fetch(sql, self._tenant_id, *arguments))
        finally:
            await connection.close()
