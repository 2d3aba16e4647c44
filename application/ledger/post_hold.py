"""Post a hold: book it, or a part of it."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ledger.orders import placed
from application.ports.journal import Journal
from application.ports.world import World
from domain.ids import HoldId, LedgerTransactionId
from domain.posting import PostHold, Posting, Refusal


class PostNamedHold(msgspec.Struct, frozen=True, kw_only=True):
    """Which hold, how much of it (None: all that is left), and whether the rest is let go."""

    hold_id: HoldId
    amount_minor: int | None = None
    final: bool = False


class PostedHold(msgspec.Struct, frozen=True):
    """What was asked for, and what was booked."""

    order: PostHold
    posting: Posting


@dataclass(frozen=True, slots=True)
class PostHoldHandler:
    """The policy.

    - A hold can be posted in parts until nothing is left of it, or the last part is called final.
    - What was held need not be available again. A hold whose time is over is not posted.
    """

    journal: Journal
    world: World

    async def __call__(self, command: PostNamedHold, call: Call) -> PostedHold | Refusal:
        """Post it. Raises what the journal raises."""
        order = PostHold(
            id=LedgerTransactionId(self.world.moment().new_id()),
            hold_id=command.hold_id,
            amount_minor=command.amount_minor,
            final=command.final,
        )
        outcome = await self.journal.post(call.tenant_id, placed(order, call), idempotency=call.idempotency)
        return outcome if isinstance(outcome, Refusal) else PostedHold(order, outcome)
