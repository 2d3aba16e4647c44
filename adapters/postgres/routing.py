"""Routing rules and decisions in PostgreSQL."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.routing import NewRuleSet, RouteBook, RoutedPayment, StoredRuleSet
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import PaymentId, Prefix, TenantId, public_id
from domain.payments import PaymentState
from domain.routing import RouteDecision, RuleSet

ADD = text("select fm.set_routing_rules(:tenant, cast(:document as jsonb))::text")
IN_FORCE = text(
    """
    select version, rules::text as rules from fm.routing_rulesets
    where tenant_id = :tenant and effective_from <= clock_timestamp() order by version desc limit 1
    """
)
VERSIONS = """
    select to_jsonb(r.*)::text from fm.routing_rulesets r
    where r.tenant_id = :tenant and {condition} order by r.version desc limit :limit
"""
DECISION = text("select body::text from fm.route_decisions where tenant_id = :tenant and payment_id = :payment")
PAST = """
    select d.body::text as body, p.provider, p.state
    from fm.route_decisions d join fm.payments p on p.tenant_id = d.tenant_id and p.id = d.payment_id
    where d.tenant_id = :tenant and {condition} order by d.payment_id desc limit :limit
"""


class PostgresRouteBook(RouteBook):
    """Keeps rules as rows that nothing changes; reads decisions that the journal wrote."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def in_force(self, tenant_id: TenantId) -> RuleSet:
        """Give the highest version whose time has come."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(IN_FORCE, {"tenant": tenant_id})).mappings().one_or_none()
        if row is None:
            return RuleSet()
        return msgspec.convert(
            {"version": row["version"], "rules": msgspec.json.decode(row["rules"])}, RuleSet, strict=False
        )

    async def add(self, tenant_id: TenantId, ruleset: NewRuleSet, *, audit: AuditRecord) -> StoredRuleSet:
        """Make the next version, with its audit record, in one call."""
        document = msgspec.structs.asdict(ruleset) | {"audit": audit}
        values = {"tenant": tenant_id, "document": msgspec.json.encode(document).decode()}
        row = (await called(self._engine, ADD, values))[0][0]
        if row is None:
            detail = "The rules moved on since you read them; read the latest version and decide again."
            raise MediatorError(STATE_CONFLICT, detail)
        return msgspec.json.decode(row, type=StoredRuleSet)

    async def version(self, tenant_id: TenantId, version: int) -> StoredRuleSet:
        """Read one version. Raises NOT_FOUND."""
        found = await self._versions(tenant_id, "r.version = :version", {"version": version, "limit": 1})
        if not found:
            raise MediatorError(NOT_FOUND, f"There is no version {version} of the routing rules.")
        return found[0]

    async def versions(self, tenant_id: TenantId, *, before: int | None, limit: int) -> tuple[StoredRuleSet, ...]:
        """List versions, newest first."""
        condition = "true" if before is None else "r.version < :before"
        values = {"limit": limit} if before is None else {"limit": limit, "before": before}
        return await self._versions(tenant_id, condition, values)

    async def decision(self, tenant_id: TenantId, payment_id: PaymentId) -> RouteDecision:
        """Read a decision. Raises NOT_FOUND."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = await connection.execute(DECISION, {"tenant": tenant_id, "payment": payment_id})
            body = found.scalar_one_or_none()
        if body is None:
            raise MediatorError(NOT_FOUND, f"There is no route of {public_id(Prefix.PAYMENT, payment_id)}.")
        return msgspec.json.decode(body, type=RouteDecision)

    async def past(self, tenant_id: TenantId, *, before: PaymentId | None, limit: int) -> tuple[RoutedPayment, ...]:
        """Read decisions along the time-ordered key."""
        statement = text(PAST.format(condition="true" if before is None else "d.payment_id < :before"))
        values: dict[str, object] = {"tenant": tenant_id, "limit": limit}
        if before is not None:
            values["before"] = before
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, values)).mappings().all()
        return tuple(
            RoutedPayment(
                decision=msgspec.json.decode(row["body"], type=RouteDecision),
                provider=row["provider"],
                state=PaymentState(row["state"]),
            )
            for row in rows
        )

    async def _versions(self, tenant_id: TenantId, condition: str, values: dict[str, int]) -> tuple[StoredRuleSet, ...]:
        statement = text(VERSIONS.format(condition=condition))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, {"tenant": tenant_id, **values})).scalars().all()
        return tuple(msgspec.json.decode(row, type=StoredRuleSet) for row in rows)
