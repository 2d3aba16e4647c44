"""Balances at a time from PostgreSQL: the running balance of the last entry until then, in one probe of an index."""

from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import tenant_reads
from application.ports.balances import BalanceAt, BalanceReads, Basis
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import LedgerAccountId, TenantId

NOW = """
    select a.id as account_id, a.code, a.currency, a.normal_balance, m.as_of, a.version,
      s.sign * (a.posted_debits - a.posted_credits) - {shift} as posted_minor,
      s.sign * (a.posted_debits - a.posted_credits + a.pending_debits - a.pending_credits) as pending_minor,
      s.sign * (a.posted_debits - a.posted_credits)
        - case a.normal_balance when 'debit' then a.pending_credits else a.pending_debits end as available_minor
    from fm.ledger_accounts a
      cross join (select clock_timestamp() as as_of) m
      cross join lateral (select case a.normal_balance when 'debit' then 1 else -1 end as sign) s
    where a.tenant_id = :tenant and a.id = :account
"""
THEN = """
    select a.id as account_id, a.code, a.currency, a.normal_balance, cast(:as_of as timestamptz) as as_of,
      coalesce(b.account_version, 0) as version, coalesce(b.balance_minor, 0) + {shift} as posted_minor
    from fm.ledger_accounts a
      left join lateral (select e.balance_minor, e.account_version from fm.entries e
        where e.tenant_id = :tenant and e.account_id = :account and e.recorded_at <= :as_of
        order by e.recorded_at desc, e.account_version desc limit 1) b on true
    where a.tenant_id = :tenant and a.id = :account
"""
# Few entries count for another time than that of their recording: only those are in the index that serves these.
SIGNED = "coalesce(sum(case e.direction when a.normal_balance then e.amount_minor else -e.amount_minor end), 0)"
OF_THE_ACCOUNT = "from fm.entries e where e.tenant_id = :tenant and e.account_id = :account"
YET_TO_COUNT = f"(select {SIGNED} {OF_THE_ACCOUNT} and e.effective_at > m.as_of)"
BOOKED_LATER = (
    f"(select {SIGNED} {OF_THE_ACCOUNT} and e.effective_at <= :as_of and e.recorded_at > :as_of)"
    f" - (select {SIGNED} {OF_THE_ACCOUNT} and e.effective_at > :as_of and e.recorded_at <= :as_of)"
)
STATEMENTS = {
    (True, Basis.RECORDED): text(NOW.format(shift="0")),
    (True, Basis.EFFECTIVE): text(NOW.format(shift=YET_TO_COUNT)),
    (False, Basis.RECORDED): text(THEN.format(shift="0")),
    (False, Basis.EFFECTIVE): text(THEN.format(shift=BOOKED_LATER)),
}
"""By whether it is the balance of now, and by the time that counts."""


class PostgresBalanceReads(BalanceReads):
    """Reads balances at a time, each in one statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def balance_at(
        self, tenant_id: TenantId, account_id: LedgerAccountId, *, as_of: datetime | None, basis: Basis
    ) -> BalanceAt:
        """Read the balance. Raises NOT_FOUND."""
        values: dict[str, object] = {"tenant": tenant_id, "account": account_id}
        if as_of is not None:
            values["as_of"] = as_of
        async with tenant_reads(self._engine, tenant_id, in_order=True) as connection:
            row = (await connection.execute(STATEMENTS[as_of is None, basis], values)).mappings().first()
        if row is None:
            raise MediatorError(NOT_FOUND, "There is no such account.")
        amounts = {name: int(value) for name, value in row.items() if name.endswith("_minor")}
        return msgspec.convert(dict(row) | amounts | {"basis": basis}, BalanceAt)
