"""Reading transactions and holds from memory."""

from datetime import datetime

import msgspec

from application.ports.bookings import (
    BookedTransaction,
    HeldAmount,
    HoldFilter,
    HoldQueries,
    TransactionFilter,
    TransactionQueries,
)
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import HoldId, LedgerTransactionId, TenantId
from domain.reference_rows import OPEN_HOLD_STATES, Hold, Transaction
from tests.fakes.tables import MemoryDatabase


class MemoryTransactionQueries(TransactionQueries):
    """Reads the transactions of the reference ledger."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, transaction_id: LedgerTransactionId) -> BookedTransaction:
        """Read a transaction."""
        for one in self._all(tenant_id):
            if one.id == transaction_id:
                return one
        raise MediatorError(NOT_FOUND, "There is no such transaction.")

    async def page(
        self, tenant_id: TenantId, wanted: TransactionFilter, *, before: LedgerTransactionId | None, limit: int
    ) -> tuple[BookedTransaction, ...]:
        """List transactions, newest first: they are booked in the order of their ids here."""
        found = [one for one in self._all(tenant_id) if _matches(one, wanted) and (before is None or one.id < before)]
        return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])

    def _all(self, tenant_id: TenantId) -> list[BookedTransaction]:
        ledger = self._database.tables(tenant_id).books.ledger
        return [_booked(one, ledger.reversals.get(one.id)) for one in ledger.transactions.values()]


def _booked(transaction: Transaction, reversed_by: LedgerTransactionId | None) -> BookedTransaction:
    fields = msgspec.structs.asdict(transaction)
    return BookedTransaction(**fields, reversed_by_id=reversed_by)


def _matches(transaction: BookedTransaction, wanted: TransactionFilter) -> bool:
    accounts = {entry.account_id for entry in transaction.entries}
    return (
        wanted.reference in (None, transaction.reference)
        and wanted.kind in (None, transaction.kind)
        and (wanted.account_id is None or wanted.account_id in accounts)
        and _within(transaction.recorded_at, wanted.recorded_from, wanted.recorded_before)
    )


def _within(moment: datetime, first: datetime | None, end: datetime | None) -> bool:
    return (first is None or moment >= first) and (end is None or moment < end)


class MemoryHoldQueries(HoldQueries):
    """Reads the holds of the reference ledger, which does not keep when they were changed."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, hold_id: HoldId) -> HeldAmount:
        """Read a hold."""
        hold = self._holds(tenant_id).get(hold_id)
        if hold is None:
            raise MediatorError(NOT_FOUND, "There is no such hold.")
        return _held(hold)

    async def page(
        self, tenant_id: TenantId, wanted: HoldFilter, *, before: HoldId | None, limit: int
    ) -> tuple[HeldAmount, ...]:
        """List holds, newest first."""
        found = [
            _held(one)
            for one in sorted(self._holds(tenant_id).values(), key=lambda one: one.id, reverse=True)
            if (before is None or one.id < before)
            and wanted.account_id in (None, one.debit_account_id, one.credit_account_id)
            and wanted.state in (None, one.state)
            and wanted.reference in (None, one.reference)
        ]
        return tuple(found[:limit])

    async def tenants_with_due(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants that have open holds whose time is over."""
        due = [tenant_id for tenant_id in self._database.tenants if await self.due(tenant_id, limit=1)]
        return tuple(due[:limit])

    async def due(self, tenant_id: TenantId, *, limit: int) -> tuple[HoldId, ...]:
        """Give open holds whose time is over, the oldest first."""
        now = self._database.clock()
        due = [
            (one.expires_at, one.id)
            for one in self._holds(tenant_id).values()
            if one.expires_at is not None
            and one.expires_at <= now
            and one.state in OPEN_HOLD_STATES
            and one.payment_id is None
        ]
        return tuple(hold_id for _, hold_id in sorted(due)[:limit])

    def _holds(self, tenant_id: TenantId) -> dict[HoldId, Hold]:
        return self._database.tables(tenant_id).books.ledger.holds


def _held(hold: Hold) -> HeldAmount:
    fields = msgspec.structs.asdict(hold)
    kept = {name: value for name, value in fields.items() if name not in {"at_risk", "refund_id"}}
    return HeldAmount(**kept, updated_at=hold.created_at)
