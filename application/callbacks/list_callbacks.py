"""List what providers sent to us, newest first, page by page."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.callbacks import CallbackFilter, CallbackQueries, CallbackSummary, Refusals
from domain.ids import CallbackId


class ListCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Which callbacks, how many, and older than which one."""

    wanted: CallbackFilter
    before: CallbackId | None
    limit: int


class CallbackPage(msgspec.Struct, frozen=True):
    """A page of callbacks, whether there are more, and how often something at which account was not authentic."""

    callbacks: tuple[CallbackSummary, ...]
    has_more: bool
    refused: tuple[Refusals, ...]


@dataclass(frozen=True, slots=True)
class ListCallbacksHandler:
    """The policy: pages follow the time-ordered ids, so that nothing is shown twice while callbacks arrive."""

    queries: CallbackQueries

    async def __call__(self, command: ListCallbacks, call: Call) -> CallbackPage:
        """Read one page."""
        found = await self.queries.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        refused = await self.queries.refusals(call.tenant_id)
        return CallbackPage(found[: command.limit], len(found) > command.limit, refused)
