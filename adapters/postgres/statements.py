"""Reading an account's history from PostgreSQL, along the index that has it in order."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import tenant_reads
from application.ports.statements import Place, StatementFrame, StatementReads
from domain.ids import LedgerAccountId, TenantId
from domain.statements import Period, StatementAccount, StatementEntry

# One statement, so one snapshot: both ends are of the same moment.
FRAME = text("""
    select a.id, a.code, a.currency, a.normal_balance, now() as as_of,
      case a.normal_balance
        when 'debit' then a.posted_debits - a.posted_credits - a.pending_credits
        else a.posted_credits - a.posted_debits - a.pending_debits
      end as available_minor,
      coalesce(opening.balance_minor, 0) as opening_minor,
      coalesce(closing.balance_minor, 0) as closing_minor,
      coalesce(closing.account_version, 0) as last_version
    from fm.ledger_accounts a
      left join lateral (
        select e.balance_minor from fm.entries e
        where e.tenant_id = a.tenant_id and e.account_id = a.id and e.recorded_at < :start
        order by e.recorded_at desc, e.account_version desc limit 1
      ) opening on true
      left join lateral (
        select e.balance_minor, e.account_version from fm.entries e
        where e.tenant_id = a.tenant_id and e.account_id = a.id and e.recorded_at < :end
        order by e.recorded_at desc, e.account_version desc limit 1
      ) closing on true
    where a.tenant_id = :tenant and a.id = :account
""")
ENTRIES = """
    select e.transaction_id, e.line, e.account_version, t.kind, e.direction, e.currency, e.amount_minor,
      e.balance_minor, t.effective_at, e.recorded_at, t.reference, t.description, t.payment_id, t.refund_id,
      t.reverses_id
    from (
        -- The page first: whatever the planner thinks of the join, it reads no more of the account than that.
        select e.* from fm.entries e
        where e.tenant_id = :tenant and e.account_id = :account
          and e.recorded_at >= :start and e.recorded_at < :end and e.account_version <= :last_version
          {after}
        order by e.recorded_at, e.account_version limit :limit
      ) e
      join fm.ledger_transactions t
        on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
    order by e.recorded_at, e.account_version
"""
FIRST_PAGE = text(ENTRIES.format(after=""))
NEXT_PAGE = text(
    # The first condition repeats the second one for the planner, which prunes partitions by it.
    ENTRIES.format(after="and e.recorded_at >= :after_at and (e.recorded_at, e.account_version) > (:after_at, :after)")
)


class PostgresStatementReads(StatementReads):
    """Both ends in one statement, and pages that begin after an entry; each in a short transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def find_frame(
        self, tenant_id: TenantId, account_id: LedgerAccountId, period: Period
    ) -> StatementFrame | None:
        """Give both ends; None when there is no such account."""
        values = {"tenant": tenant_id, "account": account_id, "start": period.start, "end": period.end}
        async with tenant_reads(self._engine, tenant_id, in_order=True) as connection:
            row = (await connection.execute(FRAME, values)).mappings().one_or_none()
        if row is None:
            return None
        account = {name: row[name] for name in StatementAccount.__struct_fields__}
        return msgspec.convert(dict(row) | {"account": account}, StatementFrame)

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
        """Give a page of entries."""
        values: dict[str, object] = {
            "tenant": tenant_id,
            "account": account_id,
            "start": period.start,
            "end": period.end,
            "last_version": last_version,
            "limit": limit,
        }
        if after is not None:
            values |= {"after_at": after.recorded_at, "after": after.account_version}
        statement = FIRST_PAGE if after is None else NEXT_PAGE
        async with tenant_reads(self._engine, tenant_id, in_order=True) as connection:
            rows = (await connection.execute(statement, values)).mappings().all()
        return tuple(msgspec.convert(dict(row), StatementEntry) for row in rows)
