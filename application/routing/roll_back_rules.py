"""Go back to earlier routing rules: a new version that says what an old one said."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.providers import Providers
from application.ports.routing import NewRuleSet, RouteBook, StoredRuleSet
from application.ports.world import World
from application.routing.rules import require_sound
from domain.ids import Prefix, public_id


class RollBackRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which version to go back to (0: no rules), and the latest one that its author has seen."""

    version: int
    expected_version: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RollBackRulesHandler:
    """The policy: nothing is taken away; the old rules must still be sound today."""

    routes: RouteBook
    providers: Providers
    world: World

    async def __call__(self, command: RollBackRules, call: Call) -> StoredRuleSet:
        """Make the next version out of an old one. Raises NOT_FOUND, ROUTE_RULES_UNSOUND, STATE_CONFLICT."""
        moment = self.world.moment()
        rules = (await self.routes.version(call.tenant_id, command.version)).rules if command.version else ()
        await require_sound(self.providers, call.tenant_id, rules)
        audit = call.audit(
            "routing.rules_rolled_back",
            public_id(Prefix.TENANT, call.tenant_id),
            moment,
            to_version=str(command.version),
        )
        ruleset = NewRuleSet(
            rules=rules,
            expected_version=command.expected_version,
            note=command.note,
            rolled_back_from=command.version,
        )
        return await self.routes.add(call.tenant_id, ruleset, audit=audit)
