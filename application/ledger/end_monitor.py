"""End a monitor."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.controls import MonitorBook
from application.ports.world import World
from domain.ids import MonitorId, Prefix, public_id
from domain.monitors import Monitor


class EndMonitor(msgspec.Struct, frozen=True):
    """Which monitor."""

    monitor_id: MonitorId


@dataclass(frozen=True, slots=True)
class EndMonitorHandler:
    """The policy: it is kept, with when it ended; ending it again changes nothing."""

    monitors: MonitorBook
    world: World

    async def __call__(self, command: EndMonitor, call: Call) -> Monitor:
        """End it. Raises NOT_FOUND."""
        subject = public_id(Prefix.BALANCE_MONITOR, command.monitor_id)
        audit = call.audit("monitor.ended", subject, self.world.moment())
        return await self.monitors.end(call.tenant_id, command.monitor_id, audit=audit)
