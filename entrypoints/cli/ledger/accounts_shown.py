"""How accounts, balances and entries are printed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from application.ports.balances import BalanceAt
from application.ports.ledger import AccountView
from application.ports.payments import BookedEntry
from domain.accounts import Account
from domain.ids import LedgerAccountId, Prefix, public_id
from domain.ledger import Direction
from domain.money import Currency
from entrypoints.cli.ledger.showing import Exact, card, exact, grid, instant, metadata_in_line, money


class AccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its balances, in minor units; without `overdraft_limit` it is unlimited."""

    id: str
    code: str
    currency: str
    normal_balance: str
    state: str
    posted: Exact
    pending: Exact
    available: Exact
    overdraft_limit: Exact | None
    version: int
    metadata: dict[str, str]
    created_at: datetime


def account_shown(account: Account) -> AccountShown:
    """Show an account."""
    return AccountShown(
        id=public_id(Prefix.LEDGER_ACCOUNT, account.id),
        code=account.code,
        currency=account.currency,
        normal_balance=account.normal_balance.value,
        state=account.state.value,
        posted=exact(account.posted),
        pending=exact(account.pending),
        available=exact(account.available),
        overdraft_limit=None if account.overdraft_limit is None else exact(account.overdraft_limit),
        version=account.version,
        metadata=account.metadata,
        created_at=account.created_at,
    )


def account_of_view(view: AccountView) -> Account:
    """Take an account of a list for the account that it is: both tell their balances by the same formula."""
    return Account(
        id=LedgerAccountId(view.id),
        code=view.code,
        currency=Currency(view.currency),
        normal_balance=Direction(view.normal_balance),
        created_at=view.created_at,
        state=view.state,
        overdraft_limit=view.overdraft_limit,
        posted_debits=view.posted_debits,
        posted_credits=view.posted_credits,
        pending_debits=view.pending_debits,
        pending_credits=view.pending_credits,
        version=view.version,
        metadata=view.metadata,
    )


def account_card(shown: AccountShown) -> Table:
    """Tell one account."""
    facts = {
        "id": shown.id,
        "code": shown.code,
        "currency": shown.currency,
        "normal balance": shown.normal_balance,
        "state": shown.state,
        "posted": money(shown.posted, shown.currency),
        "pending": money(shown.pending, shown.currency),
        "available": money(shown.available, shown.currency),
        "overdraft": _overdraft(shown),
        "version": shown.version,
        "metadata": metadata_in_line(shown.metadata),
        "opened at": instant(shown.created_at),
    }
    return card("Account", facts)


def account_table(found: Sequence[AccountShown]) -> Table:
    """Tell many accounts."""
    columns = ("account", "id", "normal", "state", "posted", "pending", "available", "overdraft")
    rows = (
        (
            one.code,
            one.id,
            one.normal_balance,
            one.state,
            money(one.posted, one.currency),
            money(one.pending, one.currency),
            money(one.available, one.currency),
            _overdraft(one),
        )
        for one in found
    )
    return grid("Accounts", columns, rows, right=("posted", "pending", "available", "overdraft"))


def _overdraft(shown: AccountShown) -> str:
    match shown.overdraft_limit:
        case None:
            return "unlimited"
        case 0:
            return "none"
        case limit:
            return money(limit, shown.currency)


class BalanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stood at a time, in minor units; pending and available are of now only."""

    account_id: str
    account: str
    currency: str
    as_of: datetime
    by: str
    posted: Exact
    pending: Exact | None
    available: Exact | None
    version: int


def balance_shown(balance: BalanceAt) -> BalanceShown:
    """Show a balance."""
    return BalanceShown(
        account_id=public_id(Prefix.LEDGER_ACCOUNT, balance.account_id),
        account=balance.code,
        currency=balance.currency,
        as_of=balance.as_of,
        by=balance.basis.value,
        posted=exact(balance.posted_minor),
        pending=None if balance.pending_minor is None else exact(balance.pending_minor),
        available=None if balance.available_minor is None else exact(balance.available_minor),
        version=balance.version,
    )


def balance_card(shown: BalanceShown) -> Table:
    """Tell a balance."""
    facts = {
        "account": shown.account,
        "id": shown.account_id,
        "as of": f"{instant(shown.as_of)}, as {shown.by}",
        "posted": money(shown.posted, shown.currency),
        "pending": money(shown.pending, shown.currency),
        "available": money(shown.available, shown.currency),
        "version": shown.version,
    }
    return card("Balance", facts)


class EntryShown(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, in minor units; `balance` is what its account had posted after it."""

    transaction_id: str
    line: int
    kind: str
    account: str
    account_id: str
    direction: str
    amount: Exact
    currency: str
    balance: Exact
    reference: str | None
    effective_at: datetime
    recorded_at: datetime


def entry_shown(entry: BookedEntry) -> EntryShown:
    """Show an entry."""
    return EntryShown(
        transaction_id=public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id),
        line=entry.line,
        kind=entry.kind,
        account=entry.account_code,
        account_id=public_id(Prefix.LEDGER_ACCOUNT, entry.account_id),
        direction=entry.direction,
        amount=exact(entry.amount_minor),
        currency=entry.currency,
        balance=exact(entry.balance_minor),
        reference=entry.reference,
        effective_at=entry.effective_at,
        recorded_at=entry.recorded_at,
    )


def entry_table(found: Sequence[EntryShown]) -> Table:
    """Tell many entries."""
    columns = ("recorded at", "transaction", "line", "kind", "account", "debit", "credit", "balance")
    rows = (
        (
            instant(one.recorded_at),
            one.transaction_id,
            one.line,
            one.kind,
            one.account,
            money(one.amount, one.currency) if one.direction == Direction.DEBIT else "",
            money(one.amount, one.currency) if one.direction == Direction.CREDIT else "",
            money(one.balance, one.currency),
        )
        for one in found
    )
    return grid("Entries", columns, rows, right=("line", "debit", "credit", "balance"))
