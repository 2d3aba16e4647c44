"""Let what is left of a hold go."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ledger.orders import placed
from application.ports.bookings import HeldAmount, HoldQueries
from application.ports.journal import Journal
from domain.ids import HoldId
from domain.posting import Refusal, ReleaseHold


class ReleaseNamedHold(msgspec.Struct, frozen=True):
    """Which hold."""

    hold_id: HoldId


class ReleasedHold(msgspec.Struct, frozen=True):
    """The hold, which does not change any more; `replayed` when an earlier request released it."""

    hold: HeldAmount
    replayed: bool


@dataclass(frozen=True, slots=True)
class ReleaseHoldHandler:
    """The policy: what was posted stays posted; what is left is available again."""

    journal: Journal
    queries: HoldQueries

    async def __call__(self, command: ReleaseNamedHold, call: Call) -> ReleasedHold | Refusal:
        """Release it. Raises what the journal raises."""
        order = ReleaseHold(hold_id=command.hold_id)
        outcome = await self.journal.post(call.tenant_id, placed(order, call), idempotency=call.idempotency)
        if isinstance(outcome, Refusal):
            return outcome
        return ReleasedHold(await self.queries.get(call.tenant_id, command.hold_id), outcome.replayed)
