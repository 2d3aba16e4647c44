"""Windows into the ledger: what a test may arrange there, and look at, beside every port."""

from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from domain.accounts import Account, AccountState
from domain.ids import HoldId, LedgerAccountId, TenantId
from domain.limits import LimitPolicy, LimitScope
from domain.posting import BookedLeg, HoldNow
from tests.fakes.tables import MemoryDatabase

S = TypeVar("S", bound=msgspec.Struct)


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as it is kept."""

    id: UUID
    kind: str
    hold_id: UUID | None
    reverses_id: UUID | None
    reference: str | None
    description: str | None
    effective_at: datetime
    recorded_at: datetime


class LedgerWindows(Protocol):
    """The ledger of one tenant."""

    async def open(self, account: Account) -> None:
        """Open an account, empty."""
        ...

    async def set_state(self, account_id: LedgerAccountId, state: AccountState) -> None:
        """Freeze, close or reopen an account, whatever the rules say."""
        ...

    async def add_limit(self, policy: LimitPolicy) -> None:
        """Make a limit true."""
        ...

    async def turn_windows(self) -> None:
        """Pretend that all that was counted against limits was counted one window earlier."""
        ...

    async def end_time_of(self, hold_id: HoldId) -> None:
        """Pretend that a hold's time was over a second ago."""
        ...

    async def accounts(self) -> dict[LedgerAccountId, Account]:
        """Give all accounts as they stand."""
        ...

    async def hold(self, hold_id: HoldId) -> HoldNow:
        """Give a hold as it stands."""
        ...

    async def transactions(self) -> list[TransactionView]:
        """Give all transactions, in the order of their identifiers."""
        ...

    async def entries(self) -> list[BookedLeg]:
        """Give all entries, by account and in the order in which they were booked."""
        ...


class MemoryLedgerWindows(LedgerWindows):
    """Looks into the reference ledger."""

    def __init__(self, database: MemoryDatabase, tenant_id: TenantId) -> None:
        """Look at one tenant."""
        self._database = database
        self._tenant_id = tenant_id

    async def open(self, account: Account) -> None:
        """Open an account, empty."""
        books = self._database.tables(self._tenant_id).books
        books.ledger.accounts[account.id] = account

    async def set_state(self, account_id: LedgerAccountId, state: AccountState) -> None:
        """Freeze, close or reopen an account."""
        accounts = self._database.tables(self._tenant_id).books.ledger.accounts
        accounts[account_id] = msgspec.structs.replace(accounts[account_id], state=state)

    async def add_limit(self, policy: LimitPolicy) -> None:
        """Make a limit true."""
        self._database.tables(self._tenant_id).books.ledger.limits[policy.id] = policy

    async def turn_windows(self) -> None:
        """Pretend that all that was counted against limits was counted one window earlier."""
        ledger = self._database.tables(self._tenant_id).books.ledger
        ledger.usage = {
            (policy_id, start - timedelta(seconds=ledger.limits[policy_id].window_seconds)): usage
            for (policy_id, start), usage in ledger.usage.items()
        }

    async def end_time_of(self, hold_id: HoldId) -> None:
        """Pretend that a hold's time was over a second ago."""
        holds = self._database.tables(self._tenant_id).books.ledger.holds
        ended = self._database.clock() - timedelta(seconds=1)
        holds[hold_id] = msgspec.structs.replace(holds[hold_id], expires_at=ended)

    async def accounts(self) -> dict[LedgerAccountId, Account]:
        """Give all accounts as they stand."""
        return dict(self._database.tables(self._tenant_id).books.ledger.accounts)

    async def hold(self, hold_id: HoldId) -> HoldNow:
        """Give a hold as it stands."""
        return self._database.tables(self._tenant_id).books.ledger.holds[hold_id].now

    async def transactions(self) -> list[TransactionView]:
        """Give all transactions, in the order of their identifiers."""
        made = self._database.tables(self._tenant_id).books.ledger.transactions
        return [msgspec.convert(made[key], TransactionView, from_attributes=True) for key in sorted(made)]

    async def entries(self) -> list[BookedLeg]:
        """Give all entries, by account and in the order in which they were booked."""
        made = self._database.tables(self._tenant_id).books.ledger.transactions.values()
        legs = [leg for one in made for leg in one.entries]
        return sorted(legs, key=lambda leg: (leg.account_id, leg.account_version))


class PostgresLedgerWindows(LedgerWindows):
    """Looks into PostgreSQL as the owner."""

    def __init__(self, owner_url: str, tenant_id: TenantId, connection: asyncpg.Connection | None = None) -> None:
        """Look at one tenant; over this connection, or over a new one each time."""
        self._owner_url = owner_url
        self._tenant_id = tenant_id
        self._connection = connection

    async def open(self, account: Account) -> None:
        """Open an account, empty."""
        sql = """insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, state, overdraft_limit,
            metadata, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
        metadata = msgspec.json.encode(account.metadata).decode()
        words = (account.code, account.currency, account.normal_balance.value, account.state.value)
        await self._rows(sql, account.id, *words, account.overdraft_limit, metadata, account.created_at)

    async def set_state(self, account_id: LedgerAccountId, state: AccountState) -> None:
        """Freeze, close or reopen an account."""
        sql = "update fm.ledger_accounts set state = $3 where tenant_id = $1 and id = $2"
        await self._rows(sql, account_id, state.value)

    async def add_limit(self, policy: LimitPolicy) -> None:
        """Make a limit true, and have postings go the careful way."""
        sql = """insert into fm.limit_policies (tenant_id, id, scope, subject_id, currency, window_seconds, amount_max,
            count_max, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
        words = (policy.scope.value, policy.subject_id, policy.currency, policy.window_seconds)
        await self._rows(sql, policy.id, *words, policy.amount_max, policy.count_max, policy.created_at)
        match policy.scope:
            case LimitScope.ACCOUNT:
                watch = "update fm.ledger_accounts set watched = true where tenant_id = $1 and id = $2"
                await self._rows(watch, policy.subject_id)
            case LimitScope.TENANT | LimitScope.API_KEY:
                await self._rows("update fm.tenants set limited = true where tenant_id = $1")

    async def turn_windows(self) -> None:
        """Pretend that all that was counted against limits was counted one window earlier."""
        forget = """delete from fm.limit_usage u using fm.limit_policies p where u.tenant_id = $1
          and p.tenant_id = $1 and p.id = u.policy_id
          and u.window_start <= now() - make_interval(secs => p.window_seconds)"""
        shift = """update fm.limit_usage u set window_start = u.window_start - make_interval(secs => p.window_seconds)
          from fm.limit_policies p where u.tenant_id = $1 and p.tenant_id = $1 and p.id = u.policy_id"""
        for sql in (forget, shift):
            await self._rows(sql)

    async def end_time_of(self, hold_id: HoldId) -> None:
        """Pretend that a hold's time was over a second ago."""
        sql = """update fm.holds set expires_at = clock_timestamp() - interval '1 second'
          where tenant_id = $1 and id = $2"""
        await self._rows(sql, hold_id)

    async def accounts(self) -> dict[LedgerAccountId, Account]:
        """Give all accounts as they stand."""
        rows = await self._rows("select * from fm.ledger_accounts where tenant_id = $1")
        found = [_as(Account, row, metadata=msgspec.json.decode(row["metadata"])) for row in rows]
        return {one.id: one for one in found}

    async def hold(self, hold_id: HoldId) -> HoldNow:
        """Give a hold as it stands."""
        (row,) = await self._rows("select * from fm.holds where tenant_id = $1 and id = $2", hold_id)
        return _as(HoldNow, row)

    async def transactions(self) -> list[TransactionView]:
        """Give all transactions, in the order of their identifiers."""
        rows = await self._rows("select * from fm.ledger_transactions where tenant_id = $1 order by id")
        return [_as(TransactionView, row) for row in rows]

    async def entries(self) -> list[BookedLeg]:
        """Give all entries, by account and in the order in which they were booked."""
        sql = "select * from fm.entries where tenant_id = $1 order by account_id, account_version"
        return [_as(BookedLeg, row) for row in await self._rows(sql)]

    async def _rows(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        if self._connection is not None:
            return list(await self._connection.fetch(sql, self._tenant_id, *arguments))
        connection = await asyncpg.connect(self._owner_url)
        try:
            return list(await connection.fetch(sql, self._tenant_id, *arguments))
        finally:
            await connection.close()


def _as(kind: type[S], row: asyncpg.Record, **others: Any) -> S:
    """Read a row as the words of the domain."""
    return msgspec.convert(dict(row) | others, kind)
