"""Show how a provider account is doing."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_health import AccountHealth, Breakers, ProviderHealth
from domain.ids import ProviderAccountId


class GetHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Which account."""

    provider_account_id: ProviderAccountId


@dataclass(frozen=True, slots=True)
class GetHealthHandler:
    """Reads only: what was decided by hand, what all processes know of its circuits, and what this one sees."""

    breakers: Breakers
    health: ProviderHealth

    async def __call__(self, command: GetHealth, call: Call) -> AccountHealth:
        """Give it. Raises NOT_FOUND."""
        breaker = await self.breakers.get(call.tenant_id, command.provider_account_id)
        return await self.health.of(call.tenant_id, breaker)
