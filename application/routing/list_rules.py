"""Show the versions of the routing rules, and which of them is in force."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.routing import RouteBook, StoredRuleSet


class ListRules(msgspec.Struct, frozen=True, kw_only=True):
    """A page of versions older than `before`, newest first."""

    before: int | None = None
    limit: int = 50


class RuleVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first, and the number of the one in force (0: none, every account is tried in its order)."""

    in_force: int
    versions: tuple[StoredRuleSet, ...]


@dataclass(frozen=True, slots=True)
class ListRulesHandler:
    """Reads only."""

    routes: RouteBook

    async def __call__(self, command: ListRules, call: Call) -> RuleVersions:
        """Give a page."""
        in_force = await self.routes.in_force(call.tenant_id)
        versions = await self.routes.versions(call.tenant_id, before=command.before, limit=command.limit)
        return RuleVersions(in_force=in_force.version, versions=versions)
