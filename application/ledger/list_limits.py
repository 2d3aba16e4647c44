"""List the limits of a tenant with what is used of them."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.controls import LimitBook, LimitNow
from domain.ids import LimitId
from domain.limits import LimitScope


class ListLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Which limits, how many, and older than which one."""

    scope: LimitScope | None
    ended: bool
    before: LimitId | None
    limit: int


class LimitPage(msgspec.Struct, frozen=True):
    """A page of limits, and whether there are more."""

    limits: tuple[LimitNow, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListLimitsHandler:
    """The policy: each comes with its usage in the window that is open now."""

    limits: LimitBook

    async def __call__(self, command: ListLimits, call: Call) -> LimitPage:
        """Read one page."""
        found = await self.limits.page(
            call.tenant_id, scope=command.scope, before=command.before, limit=command.limit + 1, ended=command.ended
        )
        return LimitPage(found[: command.limit], len(found) > command.limit)
