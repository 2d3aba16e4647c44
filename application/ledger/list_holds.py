"""List the holds of a tenant's ledger, newest first."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.bookings import HeldAmount, HoldFilter, HoldQueries
from domain.ids import HoldId


class ListHolds(msgspec.Struct, frozen=True, kw_only=True):
    """Which holds, how many, and older than which one."""

    wanted: HoldFilter
    before: HoldId | None
    limit: int


class HoldPage(msgspec.Struct, frozen=True):
    """A page of holds, and whether there are more."""

    holds: tuple[HeldAmount, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListHoldsHandler:
    """The policy: pages follow an order that new holds never change, so none is skipped or shown twice."""

    queries: HoldQueries

    async def __call__(self, command: ListHolds, call: Call) -> HoldPage:
        """Read one page."""
        found = await self.queries.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        return HoldPage(found[: command.limit], len(found) > command.limit)
