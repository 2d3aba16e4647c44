"""Limits and monitors in PostgreSQL."""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.control_calls import called_control, made_of
from adapters.postgres.engine import called, tenant_reads
from application.ports.controls import LimitBook, LimitNow, MonitorBook, NewLimit, NewMonitor
from application.ports.journal import Answer, Claim, Resume
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import LedgerAccountId, LimitId, MonitorId, Prefix, TenantId, public_id
from domain.limits import LimitPolicy, LimitScope, LimitUsage
from domain.monitors import Monitor

MAKE_LIMIT = text("select fm.make_limit(:tenant, cast(:document as jsonb))::text")
END_LIMIT = text("select fm.end_limit(:tenant, :id, cast(:audit as jsonb))::text")
LIMITS = """
    select to_jsonb(p.*)::text as policy, w.window_start, coalesce(u.amount_minor, 0) as amount_minor,
      coalesce(u.count, 0) as count
    from fm.limit_policies p
      cross join lateral (select to_timestamp(floor(extract(epoch from clock_timestamp()) / p.window_seconds)
        * p.window_seconds) as window_start) w
      left join fm.limit_usage u
        on u.tenant_id = p.tenant_id and u.policy_id = p.id and u.window_start = w.window_start
    where {conditions}
    order by p.id desc limit :limit
"""
MAKE_MONITOR = text("select fm.make_monitor(:tenant, cast(:document as jsonb))::text")
END_MONITOR = text("select fm.end_monitor(:tenant, :id, cast(:audit as jsonb))::text")
MONITORS = """
    select to_jsonb(m.*)::text from fm.balance_monitors m where {conditions} order by m.id desc limit :limit
"""


class PostgresLimitBook(LimitBook):
    """Keeps limits; usage is what the posting function has counted in the present window."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def make(
        self, tenant_id: TenantId, limit: NewLimit, *, audit: AuditRecord, claim: Claim | None
    ) -> LimitNow | Resume | Answer:
        """Begin a limit; nothing is counted yet."""
        reply = await called_control(self._engine, MAKE_LIMIT, tenant_id, limit, audit=audit, claim=claim)
        made = made_of(reply, LimitPolicy)
        if not isinstance(made, LimitPolicy):
            return made
        return LimitNow(policy=made, usage=LimitUsage(), window_start=made.window_start(made.created_at))

    async def end(self, tenant_id: TenantId, limit_id: LimitId, *, audit: AuditRecord) -> LimitNow:
        """End a limit."""
        values = {"tenant": tenant_id, "id": limit_id, "audit": msgspec.json.encode(audit).decode()}
        await called(self._engine, END_LIMIT, values)
        return await self.get(tenant_id, limit_id)

    async def get(self, tenant_id: TenantId, limit_id: LimitId) -> LimitNow:
        """Read a limit."""
        found = await self._read(tenant_id, ["p.id = :id"], {"id": limit_id, "limit": 1})
        if not found:
            raise MediatorError(NOT_FOUND, f"There is no limit {public_id(Prefix.LIMIT_POLICY, limit_id)}.")
        return found[0]

    async def page(
        self, tenant_id: TenantId, *, scope: LimitScope | None, before: LimitId | None, limit: int, ended: bool
    ) -> tuple[LimitNow, ...]:
        """List limits, newest first."""
        conditions = [] if ended else ["p.ended_at is null"]
        values: dict[str, object] = {"limit": limit}
        if scope is not None:
            conditions.append("p.scope = :scope")
            values["scope"] = scope.value
        if before is not None:
            conditions.append("p.id < :before")
            values["before"] = before
        return await self._read(tenant_id, conditions, values)

    async def _read(
        self, tenant_id: TenantId, conditions: list[str], values: dict[str, object]
    ) -> tuple[LimitNow, ...]:
        statement = text(LIMITS.format(conditions=" and ".join(["p.tenant_id = :tenant", *conditions])))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, {"tenant": tenant_id, **values})).mappings().all()
        return tuple(_limit(row) for row in rows)


def _limit(row: Any) -> LimitNow:  # noqa: ANN401 -- the driver's row
    return LimitNow(
        policy=msgspec.json.decode(row["policy"], type=LimitPolicy),
        usage=LimitUsage(int(row["amount_minor"]), int(row["count"])),
        window_start=row["window_start"],
    )


class PostgresMonitorBook(MonitorBook):
    """Keeps monitors."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def make(
        self, tenant_id: TenantId, monitor: NewMonitor, *, audit: AuditRecord, claim: Claim | None
    ) -> Monitor | Resume | Answer:
        """Begin a monitor."""
        reply = await called_control(self._engine, MAKE_MONITOR, tenant_id, monitor, audit=audit, claim=claim)
        return made_of(reply, Monitor)

    async def end(self, tenant_id: TenantId, monitor_id: MonitorId, *, audit: AuditRecord) -> Monitor:
        """End a monitor."""
        values = {"tenant": tenant_id, "id": monitor_id, "audit": msgspec.json.encode(audit).decode()}
        row = (await called(self._engine, END_MONITOR, values))[0][0]
        if row is None:
            raise _no_monitor(monitor_id)
        return msgspec.json.decode(row, type=Monitor)

    async def get(self, tenant_id: TenantId, monitor_id: MonitorId) -> Monitor:
        """Read a monitor."""
        found = await self._read(tenant_id, ["m.id = :id"], {"id": monitor_id, "limit": 1})
        if not found:
            raise _no_monitor(monitor_id)
        return found[0]

    async def page(
        self,
        tenant_id: TenantId,
        *,
        account_id: LedgerAccountId | None,
        before: MonitorId | None,
        limit: int,
        ended: bool,
    ) -> tuple[Monitor, ...]:
        """List monitors, newest first."""
        conditions = [] if ended else ["m.ended_at is null"]
        values: dict[str, object] = {"limit": limit}
        if account_id is not None:
            conditions.append("m.account_id = :account")
            values["account"] = account_id
        if before is not None:
            conditions.append("m.id < :before")
            values["before"] = before
        return await self._read(tenant_id, conditions, values)

    async def _read(self, tenant_id: TenantId, conditions: list[str], values: dict[str, object]) -> tuple[Monitor, ...]:
        statement = text(MONITORS.format(conditions=" and ".join(["m.tenant_id = :tenant", *conditions])))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, {"tenant": tenant_id, **values})).scalars().all()
        return tuple(msgspec.json.decode(row, type=Monitor) for row in rows)


def _no_monitor(monitor_id: MonitorId) -> MediatorError:
    return MediatorError(NOT_FOUND, f"There is no monitor {public_id(Prefix.BALANCE_MONITOR, monitor_id)}.")
