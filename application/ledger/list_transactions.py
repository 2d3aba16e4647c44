"""List the transactions of a tenant's ledger, newest first."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.bookings import BookedTransaction, TransactionFilter, TransactionQueries
from domain.ids import LedgerTransactionId


class ListTransactions(msgspec.Struct, frozen=True, kw_only=True):
    """Which transactions, how many, and older than which one."""

    wanted: TransactionFilter
    before: LedgerTransactionId | None
    limit: int


class TransactionPage(msgspec.Struct, frozen=True):
    """A page of transactions, and whether there are more."""

    transactions: tuple[BookedTransaction, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListTransactionsHandler:
    """The policy: pages follow an order that new transactions never change, so none is skipped or shown twice."""

    queries: TransactionQueries

    async def __call__(self, command: ListTransactions, call: Call) -> TransactionPage:
        """Read one page."""
        found = await self.queries.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        return TransactionPage(found[: command.limit], len(found) > command.limit)
