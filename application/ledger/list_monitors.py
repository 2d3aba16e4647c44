"""List the balance monitors of a tenant."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.controls import MonitorBook
from domain.ids import LedgerAccountId, MonitorId
from domain.monitors import Monitor


class ListMonitors(msgspec.Struct, frozen=True, kw_only=True):
    """Which monitors, how many, and older than which one."""

    account_id: LedgerAccountId | None
    ended: bool
    before: MonitorId | None
    limit: int


class MonitorPage(msgspec.Struct, frozen=True):
    """A page of monitors, and whether there are more."""

    monitors: tuple[Monitor, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListMonitorsHandler:
    """The policy: newest first; those that ended only when asked for."""

    monitors: MonitorBook

    async def __call__(self, command: ListMonitors, call: Call) -> MonitorPage:
        """Read one page."""
        found = await self.monitors.page(
            call.tenant_id,
            account_id=command.account_id,
            before=command.before,
            limit=command.limit + 1,
            ended=command.ended,
        )
        return MonitorPage(found[: command.limit], len(found) > command.limit)
