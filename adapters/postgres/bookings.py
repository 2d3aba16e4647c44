"""Reading ledger transactions and holds from PostgreSQL, along keys that are ordered by time."""

from datetime import timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from adapters.postgres.payments import earliest_id
from application.ports.bookings import (
    BookedTransaction,
    HeldAmount,
    HoldFilter,
    HoldQueries,
    TransactionFilter,
    TransactionQueries,
)
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import HoldId, LedgerTransactionId, Prefix, TenantId, public_id

CLOCKS_APART = timedelta(days=1)
"""An id is made by the caller's process, `recorded_at` by the database: their clocks are never that far apart."""

TRANSACTION = """
    select jsonb_build_object('id', t.id, 'kind', t.kind, 'payment_id', t.payment_id, 'refund_id', t.refund_id,
      'payout_id', t.payout_id,
      'hold_id', t.hold_id, 'reverses_id', t.reverses_id, 'quote_id', t.quote_id, 'reference', t.reference,
      'description', t.description, 'metadata', t.metadata, 'effective_at', t.effective_at,
      'recorded_at', t.recorded_at,
      'reversed_by_id', (select r.transaction_id from fm.ledger_reversals r
        where r.tenant_id = t.tenant_id and r.reverses_id = t.id),
      'entries', (select jsonb_agg(jsonb_build_object('line', e.line, 'account_id', e.account_id,
          'direction', e.direction, 'amount_minor', e.amount_minor, 'currency', e.currency,
          'balance_minor', e.balance_minor, 'account_version', e.account_version) order by e.line)
        from fm.entries e
        where e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.recorded_at = t.recorded_at))::text
"""
BY_ID = f"""
    {TRANSACTION}
    from fm.ledger_transactions t where {{conditions}} order by t.id desc limit :limit
"""
BY_ACCOUNT = f"""
    {TRANSACTION}
    from fm.entries x join fm.ledger_transactions t
      on t.tenant_id = x.tenant_id and t.id = x.transaction_id and t.recorded_at = x.recorded_at
    where {{conditions}}
      and not exists (select from fm.entries y where y.tenant_id = x.tenant_id and y.transaction_id = x.transaction_id
        and y.recorded_at = x.recorded_at and y.account_id = x.account_id and y.line < x.line)
    order by x.recorded_at desc, x.account_version desc limit :limit
"""
OLDER_ON_ACCOUNT = """(x.recorded_at, x.account_version) < (select b.recorded_at, min(b.account_version)
    from fm.entries b where b.tenant_id = :tenant and b.transaction_id = :before and b.account_id = :account
    group by b.recorded_at)"""
BY_REFERENCE = """t.id = (select r.transaction_id from fm.ledger_references r
    where r.tenant_id = :tenant and r.reference = :reference)"""
HOLD = "select to_jsonb(h.*)::text from fm.holds h where {conditions} order by h.id desc limit :limit"
DUE_TENANTS = text("select fm_ops.tenants_with_due_holds(:limit)")
DUE = text(
    """
    select h.id from fm.holds h
    where h.tenant_id = :tenant and h.expires_at <= clock_timestamp() and h.expires_at is not null
      and h.state in ('pending', 'partially_posted') and h.payment_id is null
    order by h.expires_at limit :limit
    """
)


class PostgresTransactionQueries(TransactionQueries):
    """Reads each transaction with its entries as one document."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, transaction_id: LedgerTransactionId) -> BookedTransaction:
        """Read a transaction."""
        conditions = ["t.tenant_id = :tenant", "t.id = :id"]
        found = await self._read(tenant_id, BY_ID, conditions, {"id": transaction_id, "limit": 1})
        if not found:
            shown = public_id(Prefix.LEDGER_TRANSACTION, transaction_id)
            raise MediatorError(NOT_FOUND, f"There is no transaction {shown}.")
        return found[0]

    async def page(
        self, tenant_id: TenantId, wanted: TransactionFilter, *, before: LedgerTransactionId | None, limit: int
    ) -> tuple[BookedTransaction, ...]:
        """List transactions: of one account along its entries, else along the ids."""
        conditions, values = _transaction_conditions(wanted)
        values["limit"] = limit
        if wanted.account_id is not None:
            conditions += ["x.tenant_id = :tenant", "x.account_id = :account"]
            values["account"] = wanted.account_id
        older = "t.id < :before" if wanted.account_id is None else OLDER_ON_ACCOUNT
        if before is not None:
            conditions.append(older)
            values["before"] = before
        return await self._read(tenant_id, BY_ID if wanted.account_id is None else BY_ACCOUNT, conditions, values)

    async def _read(
        self, tenant_id: TenantId, statement: str, conditions: list[str], values: dict[str, object]
    ) -> tuple[BookedTransaction, ...]:
        asked = text(statement.format(conditions=" and ".join(conditions)))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(asked, {"tenant": tenant_id, **values})).scalars().all()
        return tuple(msgspec.json.decode(row, type=BookedTransaction) for row in rows)


def _transaction_conditions(wanted: TransactionFilter) -> tuple[list[str], dict[str, object]]:
    """Write a filter as conditions; times also bound the id, which is what the index is ordered by."""
    conditions, values = ["t.tenant_id = :tenant"], dict[str, object]()
    given: list[tuple[str, str, object]] = [
        ("kind", "t.kind = :kind", wanted.kind),
        ("from", "t.recorded_at >= :from", wanted.recorded_from),
        ("until", "t.recorded_at < :until", wanted.recorded_before),
        ("reference", BY_REFERENCE, wanted.reference),
    ]
    if wanted.recorded_from is not None:
        given.append(("from_id", "t.id >= :from_id", earliest_id(wanted.recorded_from, -CLOCKS_APART)))
    if wanted.recorded_before is not None:
        given.append(("until_id", "t.id < :until_id", earliest_id(wanted.recorded_before, CLOCKS_APART)))
    for name, condition, value in given:
        if value is not None:
            conditions.append(condition)
            values[name] = value
    return conditions, values


class PostgresHoldQueries(HoldQueries):
    """Reads holds."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, hold_id: HoldId) -> HeldAmount:
        """Read a hold."""
        found = await self._read(tenant_id, ["h.id = :id"], {"id": hold_id, "limit": 1})
        if not found:
            raise MediatorError(NOT_FOUND, f"There is no hold {public_id(Prefix.HOLD, hold_id)}.")
        return found[0]

    async def page(
        self, tenant_id: TenantId, wanted: HoldFilter, *, before: HoldId | None, limit: int
    ) -> tuple[HeldAmount, ...]:
        """List holds, newest first."""
        conditions: list[str] = []
        values: dict[str, object] = {"limit": limit}
        for name, condition, value in (
            ("account", "(h.debit_account_id = :account or h.credit_account_id = :account)", wanted.account_id),
            ("state", "h.state = :state", None if wanted.state is None else wanted.state.value),
            ("reference", "h.reference = :reference", wanted.reference),
            ("before", "h.id < :before", before),
        ):
            if value is not None:
                conditions.append(condition)
                values[name] = value
        return await self._read(tenant_id, conditions, values)

    async def tenants_with_due(self, *, limit: int) -> tuple[TenantId, ...]:
        """Ask the function that sees all tenants."""
        return tuple(TenantId(row[0]) for row in await called(self._engine, DUE_TENANTS, {"limit": limit}))

    async def due(self, tenant_id: TenantId, *, limit: int) -> tuple[HoldId, ...]:
        """Read along `holds_due_ix`."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            values = {"tenant": tenant_id, "limit": limit}
            return tuple(HoldId(value) for value in (await connection.execute(DUE, values)).scalars())

    async def _read(
        self, tenant_id: TenantId, conditions: list[str], values: dict[str, object]
    ) -> tuple[HeldAmount, ...]:
        asked = text(HOLD.format(conditions=" and ".join(["h.tenant_id = :tenant", *conditions])))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(asked, {"tenant": tenant_id, **values})).scalars().all()
        return tuple(msgspec.json.decode(row, type=HeldAmount) for row in rows)
