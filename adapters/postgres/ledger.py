"""Reading the ledger from PostgreSQL: accounts as they stand, entries newest first."""

from datetime import timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import tenant_reads
from adapters.postgres.payments import earliest_id
from application.ports.ledger import AccountView, EntryFilter, LedgerQueries
from application.ports.payments import BookedEntry
from domain.errors import VAL_CURSOR, FieldError, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId

ACCOUNTS = """
    select a.id, a.code, a.currency, a.normal_balance, a.posted_debits, a.posted_credits, a.pending_debits,
      a.pending_credits, a.version, a.created_at, a.state, a.overdraft_limit, a.metadata,
      coalesce((select sum(h.amount_minor - h.posted_minor - h.released_minor) from fm.holds h
        where h.tenant_id = a.tenant_id and h.debit_account_id = a.id and h.at_risk
          and h.state in ('pending', 'partially_posted')), 0)
      + coalesce((select sum(h.amount_minor - h.posted_minor - h.released_minor) from fm.holds h
        where h.tenant_id = a.tenant_id and h.credit_account_id = a.id and h.at_risk
          and h.state in ('pending', 'partially_posted')), 0) as at_risk
    from fm.ledger_accounts a
    where {conditions}
    order by a.id limit :limit
"""
ENTRIES = """
    select e.transaction_id, e.line, t.kind, e.payment_id, t.refund_id, e.account_id, a.code as account_code,
      e.direction, e.amount_minor, e.currency, e.balance_minor, e.account_version, t.reference, t.effective_at,
      e.recorded_at
    from fm.entries e
      join fm.ledger_transactions t
        on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
      join fm.ledger_accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
    where {conditions}
    order by {order} limit :limit
"""
BY_TRANSACTION = "e.transaction_id desc, e.line desc"
BY_ACCOUNT = "e.recorded_at desc, e.account_version desc"
PLACE = text(
    """
    select e.recorded_at, e.account_version from fm.entries e
    where e.tenant_id = :tenant and e.transaction_id = :before_id and e.line = :before_line and e.account_id = :account
    """
)
SKEW = timedelta(days=1)
"""How far the clock that made an identifier may be from the database's, which says when it was recorded."""


class PostgresLedgerQueries(LedgerQueries):
    """Pages of accounts and entries, along keys that are ordered by time."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def accounts(
        self, tenant_id: TenantId, *, after: LedgerAccountId | None, limit: int, currency: str | None, code: str | None
    ) -> tuple[AccountView, ...]:
        """List accounts in the order in which they were opened."""
        values: dict[str, object] = {"tenant": tenant_id, "limit": limit}
        conditions = ["a.tenant_id = :tenant"]
        for name, condition, value in (
            ("after", "a.id > :after", after),
            ("currency", "a.currency = :currency", currency),
            ("code", "a.code = :code", code),
        ):
            if value is not None:
                conditions.append(condition)
                values[name] = value
        statement = text(ACCOUNTS.format(conditions=" and ".join(conditions)))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, values)).mappings().all()
        return tuple(msgspec.convert(dict(row) | {"at_risk": int(row["at_risk"])}, AccountView) for row in rows)

    async def entries(
        self,
        tenant_id: TenantId,
        wanted: EntryFilter,
        *,
        before: tuple[LedgerTransactionId, int] | None,
        limit: int,
    ) -> tuple[BookedEntry, ...]:
        """List entries, newest first: of one account as it was booked, else by the times that identifiers tell."""
        values: dict[str, object] = {"tenant": tenant_id, "limit": limit}
        conditions = ["e.tenant_id = :tenant"]
        if before is not None and wanted.account_id is not None:
            conditions.append("(e.recorded_at, e.account_version) < (:before_at, :before_version)")
            values |= await self._place(tenant_id, wanted.account_id, before)
        elif before is not None:
            conditions.append("(e.transaction_id, e.line) < (:before_id, :before_line)")
            values |= {"before_id": before[0], "before_line": before[1]}
        for name, condition, value in _entry_conditions(wanted):
            conditions.append(condition)
            values[name] = value
        order = BY_TRANSACTION if wanted.account_id is None else BY_ACCOUNT
        statement = text(ENTRIES.format(conditions=" and ".join(conditions), order=order))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, values)).mappings().all()
        return tuple(msgspec.convert(dict(row), BookedEntry) for row in rows)

    async def _place(
        self, tenant_id: TenantId, account_id: LedgerAccountId, before: tuple[LedgerTransactionId, int]
    ) -> dict[str, object]:
        """Find where an entry stands among those of its account. Raises VAL_CURSOR when it is not one of them."""
        values = {"tenant": tenant_id, "account": account_id, "before_id": before[0], "before_line": before[1]}
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(PLACE, values)).first()
        if row is None:
            raise MediatorError(
                VAL_CURSOR,
                "The cursor is not one of this account's.",
                errors=(FieldError("query/cursor", "unknown"),),
            )
        return {"before_at": row[0], "before_version": row[1]}


def _entry_conditions(wanted: EntryFilter) -> list[tuple[str, str, object]]:
    """Write a filter as conditions on indexed columns; times choose the parts of the table, and bound identifiers."""
    given: list[tuple[str, str, object]] = []
    if wanted.account_id is not None:
        given.append(("account", "e.account_id = :account", wanted.account_id))
    if wanted.payment_id is not None:
        given.append(("payment", "e.payment_id = :payment", wanted.payment_id))
    if wanted.recorded_from is not None:
        given.append(("recorded_from", "e.recorded_at >= :recorded_from", wanted.recorded_from))
    if wanted.recorded_before is not None:
        given.append(("recorded_before", "e.recorded_at < :recorded_before", wanted.recorded_before))
    if wanted.recorded_from is not None and wanted.account_id is None and wanted.payment_id is None:
        given.append(("first_id", "e.transaction_id >= :first_id", earliest_id(wanted.recorded_from, -SKEW)))
    if wanted.recorded_before is not None and wanted.account_id is None and wanted.payment_id is None:
        given.append(("end_id", "e.transaction_id < :end_id", earliest_id(wanted.recorded_before, SKEW)))
    return given
