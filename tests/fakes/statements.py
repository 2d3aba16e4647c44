"""Accounts with a history for tests of statements: in memory, and as rows in PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from application.ports.statements import Place, StatementFrame, StatementReads
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.ledger import Direction
from domain.money import Currency
from domain.statements import Period, Statement, StatementAccount, StatementEntry

OCTOBER = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)
READ = datetime(2026, 11, 2, tzinfo=UTC)


def an_account(
    currency: str = "EUR", normal_balance: Direction = Direction.CREDIT, *, code: str = "customer:42:payable"
) -> StatementAccount:
    """Open an account."""
    return StatementAccount(
        id=LedgerAccountId(uuid7()), code=code, currency=Currency(currency), normal_balance=normal_balance
    )


class History:
    """An account and what is booked on it, in the order of the bookings."""

    def __init__(self, account: StatementAccount | None = None, *, opening_minor: int = 0) -> None:
        self.account = account or an_account()
        self.opening_minor = opening_minor
        self.entries: list[StatementEntry] = []

    @property
    def balance_minor(self) -> int:
        return self.entries[-1].balance_minor if self.entries else self.opening_minor

    def book(self, signed_minor: int, at: datetime | None = None, **words: object) -> "History":
        """Book what adds so much to the balance; a second after the last entry unless a time is given."""
        at = at or (self.entries[-1].recorded_at + timedelta(seconds=1) if self.entries else NOON)
        other = Direction.DEBIT if self.account.normal_balance is Direction.CREDIT else Direction.CREDIT
        entry = StatementEntry(
            transaction_id=LedgerTransactionId(uuid7()),
            line=1,
            account_version=len(self.entries) + 1,
            kind="transfer",
            direction=self.account.normal_balance if signed_minor > 0 else other,
            currency=self.account.currency,
            amount_minor=abs(signed_minor),
            balance_minor=self.balance_minor + signed_minor,
            effective_at=at,
            recorded_at=at,
        )
        self.entries.append(msgspec.structs.replace(entry, **words))
        return self

    def statement(self, period: Period = OCTOBER, *, as_of: datetime = READ) -> Statement:
        """Give the statement of everything that is booked."""
        return Statement(
            account=self.account,
            period=period,
            as_of=as_of,
            opening_minor=self.opening_minor,
            closing_minor=self.balance_minor,
            entries=tuple(self.entries),
            available_minor=self.balance_minor if period.end > as_of else None,
        )


class MemoryStatementReads(StatementReads):
    """Knows these histories, each of one tenant."""

    def __init__(self, histories: Iterable[tuple[TenantId, History]], *, as_of: datetime = READ) -> None:
        self._histories = {(tenant_id, one.account.id): one for tenant_id, one in histories}
        self._as_of = as_of
        self.pages: list[int] = []

    async def find_frame(
        self, tenant_id: TenantId, account_id: LedgerAccountId, period: Period
    ) -> StatementFrame | None:
        history = self._histories.get((tenant_id, account_id))
        if history is None:
            return None
        opening = [one for one in history.entries if one.recorded_at < period.start]
        closing = [one for one in history.entries if one.recorded_at < period.end]
        return StatementFrame(
            account=history.account,
            as_of=self._as_of,
            opening_minor=opening[-1].balance_minor if opening else history.opening_minor,
            closing_minor=closing[-1].balance_minor if closing else history.opening_minor,
            available_minor=history.balance_minor,
            last_version=closing[-1].account_version if closing else 0,
        )

    async def entries(
        self,
        tenant_id: TenantId,
        account_id: LedgerAccountId,
        period: Period,
        *,
        last_version: int,
        after: Place | None,
        limit: int,
    ) -> tuple[StatementEntry, ...]:
        found = [
            one
            for one in self._histories[tenant_id, account_id].entries
            if period.holds(one.recorded_at)
            and one.account_version <= last_version
            and (after is None or (one.recorded_at, one.account_version) > (after.recorded_at, after.account_version))
        ]
        self.pages.append(len(found[:limit]))
        return tuple(found[:limit])


async def keep_history(owner_url: str, tenant_id: TenantId, history: History, *, pending_minor: int = 0) -> None:
    """Write an account with its entries and their transactions as rows; open holds keep so much of it.

    The months of the entries must have their partitions: this month and the next ones have.
    """
    account = history.account
    normal, other = ("debit", "credit") if account.normal_balance is Direction.DEBIT else ("credit", "debit")
    sums = {
        direction: sum(one.amount_minor for one in history.entries if one.direction.value == direction)
        for direction in ("debit", "credit")
    }
    sums[normal] += max(history.opening_minor, 0)
    sums[other] += max(-history.opening_minor, 0)
    pending = {normal: 0, other: pending_minor}
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(
            """insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, posted_debits,
              posted_credits, pending_debits, pending_credits, version, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
            tenant_id,
            account.id,
            account.code,
            account.currency,
            account.normal_balance.value,
            sums["debit"],
            sums["credit"],
            pending["debit"],
            pending["credit"],
            len(history.entries),
            NOON,
        )
        await connection.executemany(
            """insert into fm.ledger_transactions (tenant_id, id, kind, payment_id, refund_id, reverses_id, reference,
              description, actor, request_id, effective_at, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, 'test', 'req_test', $9, $10)""",
            [_transaction(tenant_id, one) for one in history.entries],
        )
        await connection.executemany(
            """insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor,
              payment_id, direction, currency, amount_minor, effective_at, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
            [_entry(tenant_id, account.id, one) for one in history.entries],
        )
    finally:
        await connection.close()


def _transaction(tenant_id: TenantId, entry: StatementEntry) -> tuple[object, ...]:
    return (
        tenant_id,
        entry.transaction_id,
        entry.kind,
        entry.payment_id,
        entry.refund_id,
        entry.reverses_id,
        entry.reference,
        entry.description,
        entry.effective_at,
        entry.recorded_at,
    )


def _entry(tenant_id: TenantId, account_id: UUID, entry: StatementEntry) -> tuple[object, ...]:
    return (
        tenant_id,
        entry.transaction_id,
        entry.line,
        account_id,
        entry.account_version,
        entry.balance_minor,
        entry.payment_id,
        entry.direction.value,
        entry.currency,
        entry.amount_minor,
        None if entry.effective_at == entry.recorded_at else entry.effective_at,
        entry.recorded_at,
    )
