"""Routing rules and decisions in memory."""

import msgspec

from application.ports.routing import NewRuleSet, RouteBook, RoutedPayment, StoredRuleSet
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import PaymentId, TenantId
from domain.routing import RouteDecision, RuleSet
from tests.fakes.tables import MemoryDatabase


class MemoryRouteBook(RouteBook):
    """Keeps rules in the memory database; decisions come there with their payments."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Use this database."""
        self._database = database

    async def in_force(self, tenant_id: TenantId) -> RuleSet:
        """Give the highest version whose time has come."""
        now = self._database.clock()
        stored = [one for one in self._database.tables(tenant_id).rulesets if one.effective_from <= now]
        return RuleSet(version=stored[-1].version, rules=stored[-1].rules) if stored else RuleSet()

    async def add(self, tenant_id: TenantId, ruleset: NewRuleSet, *, audit: AuditRecord) -> StoredRuleSet:
        """Make the next version."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        if ruleset.expected_version != len(tables.rulesets):
            raise MediatorError(STATE_CONFLICT, "The rules moved on since you read them.")
        stored = StoredRuleSet(
            version=len(tables.rulesets) + 1,
            rules=ruleset.rules,
            note=ruleset.note,
            actor=audit.actor,
            rolled_back_from=ruleset.rolled_back_from,
            effective_from=max(ruleset.effective_from or now, now),
            created_at=now,
        )
        tables.rulesets.append(stored)
        tables.audit.append(audit)
        return stored

    async def version(self, tenant_id: TenantId, version: int) -> StoredRuleSet:
        """Read one version."""
        stored = self._database.tables(tenant_id).rulesets
        if not 1 <= version <= len(stored):
            raise MediatorError(NOT_FOUND, f"There is no version {version} of the routing rules.")
        return stored[version - 1]

    async def versions(self, tenant_id: TenantId, *, before: int | None, limit: int) -> tuple[StoredRuleSet, ...]:
        """List versions, newest first."""
        stored = self._database.tables(tenant_id).rulesets
        return tuple(one for one in reversed(stored) if before is None or one.version < before)[:limit]

    async def decision(self, tenant_id: TenantId, payment_id: PaymentId) -> RouteDecision:
        """Read a decision."""
        found = self._database.tables(tenant_id).routes.get(payment_id)
        if found is None:
            raise MediatorError(NOT_FOUND, "There is no such route.")
        # As it comes back from a store: every number as it was written.
        return msgspec.json.decode(msgspec.json.encode(found), type=RouteDecision)

    async def past(self, tenant_id: TenantId, *, before: PaymentId | None, limit: int) -> tuple[RoutedPayment, ...]:
        """Give past decisions, newest first."""
        tables = self._database.tables(tenant_id)
        ids = sorted((one for one in tables.routes if before is None or one < before), reverse=True)[:limit]
        return tuple(
            RoutedPayment(
                decision=tables.routes[one], provider=tables.payments[one].provider, state=tables.payments[one].state
            )
            for one in ids
        )
