"""Reading the ledger from memory."""

from datetime import datetime
from uuid import UUID

from application.ports.ledger import AccountView, EntryFilter, LedgerQueries
from application.ports.payments import BookedEntry
from domain.accounts import Account
from domain.errors import VAL_CURSOR, FieldError, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.reference_rows import OPEN_HOLD_STATES
from tests.fakes.books import Books
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
        every = self._database.tables(tenant_id).books.entries
        entries = sorted(
            (one for one in every if _matches(one, wanted)), key=lambda one: _place(one, wanted), reverse=True
        )
        if before is None:
            return tuple(entries[:limit])
        last = _named(every, before, wanted)
        return tuple([one for one in entries if _place(one, wanted) < last][:limit])


def _place(entry: BookedEntry, wanted: EntryFilter) -> tuple[UUID | int, int]:
    """Say where an entry stands: among those of its account by its version, else by its transaction's identifier."""
    if wanted.account_id is not None:
        return (entry.account_version, 0)
    return (entry.transaction_id, entry.line)


def _named(
    entries: list[BookedEntry], before: tuple[LedgerTransactionId, int], wanted: EntryFilter
) -> tuple[UUID | int, int]:
    """Say where the entry stands that a cursor names."""
    if wanted.account_id is None:
        return before
    for one in entries:
        if (one.transaction_id, one.line, one.account_id) == (*before, wanted.account_id):
            return _place(one, wanted)
    raise MediatorError(
        VAL_CURSOR, "The cursor is not one of this account's.", errors=(FieldError("query/cursor", "unknown"),)
    )


def _view(books: Books, account: Account) -> AccountView:
    mine = [one for one in books.holds.values() if account.id in (one.debit_account_id, one.credit_account_id)]
    holds = [one for one in mine if one.state in OPEN_HOLD_STATES]
    return AccountView(
        id=account.id,
        code=account.code,
        currency=account.currency,
        normal_balance=account.normal_balance,
        posted_debits=account.posted_debits,
        posted_credits=account.posted_credits,
        pending_debits=account.pending_debits,
        pending_credits=account.pending_credits,
        at_risk=sum(one.rest_minor for one in holds if one.at_risk),
        version=account.version,
        created_at=account.created_at,
    )


def _matches(entry: BookedEntry, wanted: EntryFilter) -> bool:
    named = ("account_id", "payment_id")
    if any(getattr(wanted, name) not in (None, getattr(entry, name)) for name in named):
        return False
    return _within(entry.recorded_at, wanted.recorded_from, wanted.recorded_before)


def _within(moment: datetime, first: datetime | None, end: datetime | None) -> bool:
    return (first is None or moment >= first) and (end is None or moment < end)
