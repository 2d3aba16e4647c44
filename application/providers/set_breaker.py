"""Take the circuit breaker of a provider account into one's own hand, or give it back."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_health import AccountHealth, Breakers, BreakerSetting, NewBreaker, ProviderHealth
from application.ports.world import World
from domain.ids import Prefix, ProviderAccountId, public_id


class SetBreaker(msgspec.Struct, frozen=True, kw_only=True):
    """What the breaker shall do from now on, and why."""

    provider_account_id: ProviderAccountId
    setting: BreakerSetting
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SetBreakerHandler:
    """The policy.

    - It is kept with its audit record, and outlives every process and cache; each process heeds it within a second.
    - `open` stops new money only: captures, voids, refunds and questions go on as the service decides by itself.
    - `closed` lets everything through; the provider's rates and pauses are kept to all the same.
    - Setting what is set already is no fault: the last author and note are kept.
    """

    breakers: Breakers
    health: ProviderHealth
    world: World

    async def __call__(self, command: SetBreaker, call: Call) -> AccountHealth:
        """Set it. Raises NOT_FOUND."""
        account = public_id(Prefix.PROVIDER_ACCOUNT, command.provider_account_id)
        said = {"setting": command.setting.value} | ({} if command.note is None else {"note": command.note})
        audit = call.audit("provider_account.breaker_set", account, self.world.moment(), **said)
        breaker = NewBreaker(
            provider_account_id=command.provider_account_id, setting=command.setting, note=command.note
        )
        stored = await self.breakers.put(call.tenant_id, breaker, audit=audit)
        return await self.health.of(call.tenant_id, stored)
