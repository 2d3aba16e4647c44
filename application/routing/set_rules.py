"""Set the routing rules of a tenant: a new version, in force at once or from a later time on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from application.call import Call
from application.ports.providers import Providers
from application.ports.routing import NewRuleSet, RouteBook, StoredRuleSet
from application.ports.world import World
from application.routing.rules import require_sound
from domain.errors import ROUTE_RULES_UNSOUND, FieldError, MediatorError
from domain.ids import Prefix, public_id
from domain.routing import RouteRule

AHEAD_MAX = timedelta(days=366)


class SetRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules as they shall be; `expected_version` is the latest one that their author has seen (0: none)."""

    rules: tuple[RouteRule, ...]
    expected_version: int
    note: str | None = None
    effective_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetRulesHandler:
    """The policy.

    - A version is never changed; the next one is made, by whoever has seen the latest.
    - Rules that name an account which is not enabled, or that contradict themselves, are refused whole.
    """

    routes: RouteBook
    providers: Providers
    world: World

    async def __call__(self, command: SetRules, call: Call) -> StoredRuleSet:
        """Make the next version. Raises ROUTE_RULES_UNSOUND, STATE_CONFLICT."""
        moment = self.world.moment()
        if command.effective_from is not None and command.effective_from > moment.now + AHEAD_MAX:
            detail = f"is more than {AHEAD_MAX.days} days ahead"
            faults = (FieldError("/effective_from", detail),)
            raise MediatorError(ROUTE_RULES_UNSOUND, f"effective_from {detail}.", errors=faults)
        await require_sound(self.providers, call.tenant_id, command.rules)
        audit = call.audit(
            "routing.rules_set",
            public_id(Prefix.TENANT, call.tenant_id),
            moment,
            after_version=str(command.expected_version),
            rules=str(len(command.rules)),
        )
        ruleset = NewRuleSet(
            rules=command.rules,
            expected_version=command.expected_version,
            note=command.note,
            effective_from=command.effective_from,
        )
        return await self.routes.add(call.tenant_id, ruleset, audit=audit)
