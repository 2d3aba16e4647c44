"""Tell a transaction of the ledger."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.bookings import BookedTransaction, TransactionQueries
from domain.ids import LedgerTransactionId


class GetTransaction(msgspec.Struct, frozen=True):
    """Which transaction."""

    transaction_id: LedgerTransactionId


@dataclass(frozen=True, slots=True)
class GetTransactionHandler:
    """The policy: another tenant's transaction does not exist."""

    queries: TransactionQueries

    async def __call__(self, command: GetTransaction, call: Call) -> BookedTransaction:
        """Read it. Raises NOT_FOUND."""
        return await self.queries.get(call.tenant_id, command.transaction_id)
