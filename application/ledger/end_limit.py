"""End a limit."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.controls import LimitBook, LimitNow
from application.ports.world import World
from domain.ids import LimitId, Prefix, public_id


class EndLimit(msgspec.Struct, frozen=True):
    """Which limit."""

    limit_id: LimitId


@dataclass(frozen=True, slots=True)
class EndLimitHandler:
    """The policy: it is kept, with when it ended; ending it again changes nothing."""

    limits: LimitBook
    world: World

    async def __call__(self, command: EndLimit, call: Call) -> LimitNow:
        """End it. Raises NOT_FOUND."""
        subject = public_id(Prefix.LIMIT_POLICY, command.limit_id)
        audit = call.audit("limit.ended", subject, self.world.moment())
        return await self.limits.end(call.tenant_id, command.limit_id, audit=audit)
