"""Move money between accounts of the ledger."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ledger.orders import MakeTransfer, names_of, order_of, placed
from application.ports.journal import Journal
from application.ports.ledger import AccountFinder
from application.ports.world import World
from domain.ids import LedgerTransactionId
from domain.posting import Posting, Refusal, Transfer


class BookedTransfer(msgspec.Struct, frozen=True, gc=False):
    """What was asked for, and what was booked."""

    order: Transfer
    posting: Posting


@dataclass(frozen=True, slots=True)
class MakeTransferHandler:
    """The policy.

    - All legs are booked in one ledger transaction, or none; each currency sums to zero.
    - One idempotency key makes one transfer; a refusal is as final as a booking.
    - A dry run goes the whole way, books nothing, and uses no key up.
    """

    journal: Journal
    finder: AccountFinder
    world: World

    async def __call__(self, command: MakeTransfer, call: Call) -> BookedTransfer | Refusal:
        """Make it. Raises VAL_AMOUNT, LEDGER_UNBALANCED, and what the journal raises."""
        names = names_of(command.legs)
        found = await self.finder.find(call.tenant_id, names) if names else {}
        order = order_of(command, found, LedgerTransactionId(self.world.moment().new_id()))
        if isinstance(order, Refusal):
            return order
        outcome = await self.journal.post(
            call.tenant_id,
            placed(order, call),
            idempotency=None if command.dry_run else call.idempotency,
            dry_run=command.dry_run,
        )
        return outcome if isinstance(outcome, Refusal) else BookedTransfer(order, outcome)
