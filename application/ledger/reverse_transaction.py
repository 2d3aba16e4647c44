"""Book the opposite of a ledger transaction."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ledger.orders import placed
from application.ports.journal import Journal
from application.ports.world import World
from domain.ids import LedgerTransactionId
from domain.posting import Posting, Refusal, Reverse


class ReverseTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """Which transaction, and what to say about it."""

    transaction_id: LedgerTransactionId
    description: str | None = None
    metadata: dict[str, str] = {}


class BookedReversal(msgspec.Struct, frozen=True):
    """What was asked for, and what was booked."""

    order: Reverse
    posting: Posting


@dataclass(frozen=True, slots=True)
class ReverseTransactionHandler:
    """The policy.

    - A transaction is reversed once, whoever asks; a reversal is not reversed, and a payment's bookings neither.
    - A reversal obeys every rule that a transfer obeys, at the time when it is booked.
    """

    journal: Journal
    world: World

    async def __call__(self, command: ReverseTransaction, call: Call) -> BookedReversal | Refusal:
        """Reverse it. Raises what the journal raises."""
        order = Reverse(
            id=LedgerTransactionId(self.world.moment().new_id()),
            reverses_id=command.transaction_id,
            description=command.description,
            metadata=command.metadata,
        )
        outcome = await self.journal.post(call.tenant_id, placed(order, call), idempotency=call.idempotency)
        return outcome if isinstance(outcome, Refusal) else BookedReversal(order, outcome)
