"""Reading the ledger from memory."""

from datetime import datetime

from application.ports.ledger import AccountView, EntryFilter, LedgerQueries
from application.ports.payments import BookedEntry
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from tests.fakes.books import OPEN_HOLD_STATES, Account, Books
from tests.fakes.tables import MemoryDatabase


class MemoryLedgerQueries(LedgerQueries):
    """Reads accounts and entries."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def accounts(
        self, tenant_id: TenantId, *, after: LedgerAccountId | None, limit: int, currency: str | None, code: str | None
    ) -> tuple[AccountView, ...]:
        """List accounts in the order in which they were opened."""
        books = self._database.tables(tenant_id).books
        views = [_view(books, one) for one in sorted(books.accounts.values(), key=lambda one: one.id)]
        found = [
            one
            for one in views
            if currency in (None, one.currency) and code in (None, one.code) and (after is None or one.id > after)
        ]
        return tuple(found[:limit])

    async def entries(
        self,
        tenant_id: TenantId,
        wanted: EntryFilter,
        *,
        before: tuple[LedgerTransactionId, int] | None,
        limit: int,
    ) -> tuple[BookedEntry, ...]:
        """List entries, newest first."""
        entries = [one for one in self._database.tables(tenant_id).books.entries if _matches(one, wanted)]
        newest_first = sorted(entries, key=lambda one: (one.transaction_id, one.line), reverse=True)
        older = [one for one in newest_first if before is None or (one.transaction_id, one.line) < before]
        return tuple(older[:limit])


def _view(books: Books, account: Account) -> AccountView:
    key = (account.ref.code, str(account.ref.currency))
    holds = [one for one in books.holds.values() if key in (one.debit, one.credit) and one.state in OPEN_HOLD_STATES]
    return AccountView(
        id=LedgerAccountId(account.id),
        code=account.ref.code,
        currency=account.ref.currency,
        normal_balance=account.ref.normal_balance,
        posted_debits=account.posted_debits,
        posted_credits=account.posted_credits,
        pending_debits=account.pending_debits,
        pending_credits=account.pending_credits,
        at_risk=sum(one.rest_minor for one in holds if one.at_risk),
        version=account.version,
        created_at=account.created_at,
    )


def _matches(entry: BookedEntry, wanted: EntryFilter) -> bool:
    named = ("account_id", "payment_id", "currency")
    if any(getattr(wanted, name) not in (None, getattr(entry, name)) for name in named):
        return False
    return _within(entry.recorded_at, wanted.recorded_from, wanted.recorded_before)


def _within(moment: datetime, first: datetime | None, end: datetime | None) -> bool:
    return (first is None or moment >= first) and (end is None or moment < end)
