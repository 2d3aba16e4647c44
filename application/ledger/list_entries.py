"""List the entries of a tenant's ledger, newest first."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.ledger import EntryFilter, LedgerQueries
from application.ports.payments import BookedEntry
from domain.ids import LedgerTransactionId


class ListEntries(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries, how many, and older than which one (transaction and line)."""

    wanted: EntryFilter
    before: tuple[LedgerTransactionId, int] | None
    limit: int


class EntryPage(msgspec.Struct, frozen=True):
    """A page of entries, and whether there are more."""

    entries: tuple[BookedEntry, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListEntriesHandler:
    """The policy: pages follow the time-ordered ids of transactions, so that none is skipped or shown twice."""

    queries: LedgerQueries

    async def __call__(self, command: ListEntries, call: Call) -> EntryPage:
        """Read one page."""
        found = await self.queries.entries(
            call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1
        )
        return EntryPage(found[: command.limit], len(found) > command.limit)
