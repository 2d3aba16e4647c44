"""List payouts, newest first, page by page."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.payouts import PayoutFilter, PayoutQueries
from domain.ids import PayoutId
from domain.payouts import Payout


class ListPayouts(msgspec.Struct, frozen=True, kw_only=True):
    """Which payouts, how many, and older than which one."""

    wanted: PayoutFilter
    before: PayoutId | None
    limit: int


class PayoutPage(msgspec.Struct, frozen=True):
    """A page of payouts, and whether there are more."""

    payouts: tuple[Payout, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListPayoutsHandler:
    """The policy: pages follow the time-ordered ids, so that nothing is shown twice while payouts arrive."""

    queries: PayoutQueries

    async def __call__(self, command: ListPayouts, call: Call) -> PayoutPage:
        """Read one page."""
        found = await self.queries.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        return PayoutPage(found[: command.limit], len(found) > command.limit)
