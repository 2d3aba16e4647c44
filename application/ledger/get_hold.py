"""Tell a hold of the ledger."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.bookings import HeldAmount, HoldQueries
from domain.ids import HoldId


class GetHold(msgspec.Struct, frozen=True):
    """Which hold."""

    hold_id: HoldId


@dataclass(frozen=True, slots=True)
class GetHoldHandler:
    """The policy: another tenant's hold does not exist."""

    queries: HoldQueries

    async def __call__(self, command: GetHold, call: Call) -> HeldAmount:
        """Read it. Raises NOT_FOUND."""
        return await self.queries.get(call.tenant_id, command.hold_id)
