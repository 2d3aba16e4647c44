"""How ledger transactions are printed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from rich.table import Table

from application.ledger.make_transfer import BookedTransfer
from application.ledger.post_hold import PostedHold
from application.ledger.reverse_transaction import BookedReversal
from application.ports.bookings import BookedTransaction
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.posting import BookedLeg
from entrypoints.cli.ledger.showing import Exact, card, exact, grid, instant, metadata_in_line, money


class TransferEntryShown(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a transaction, in minor units; `balance` is what its account had posted after it."""

    line: int
    account_id: str
    account: str | None
    direction: str
    amount: Exact
    currency: str
    balance: Exact
    account_version: int


class TransferShown(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger transaction with its entries; `dry_run`: nothing was booked."""

    id: str | None
    kind: str
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_id: str | None = None
    hold_id: str | None = None
    quote_id: str | None = None
    reverses_id: str | None = None
    reversed_by_id: str | None = None
    effective_at: datetime
    recorded_at: datetime
    entries: tuple[TransferEntryShown, ...]
    dry_run: bool = False


Codes = Mapping[UUID, str]
"""The code paths of accounts, as far as they are known."""


def transfer_shown(booked: BookedTransfer, codes: Codes, *, dry_run: bool = False) -> TransferShown:
    """Show a transfer that was made, or would be."""
    order, posting = booked.order, booked.posting
    return TransferShown(
        id=None if dry_run else _find_public(Prefix.LEDGER_TRANSACTION, posting.transaction_id),
        kind=order.kind,
        reference=order.reference,
        description=order.description,
        metadata=order.metadata,
        effective_at=order.effective_at or posting.recorded_at,
        recorded_at=posting.recorded_at,
        entries=_entries(posting.entries, codes),
        dry_run=dry_run,
    )


def reversal_shown(booked: BookedReversal, codes: Codes) -> TransferShown:
    """Show a reversal that was made."""
    posting = booked.posting
    return TransferShown(
        id=_find_public(Prefix.LEDGER_TRANSACTION, posting.transaction_id),
        kind="reversal",
        description=booked.order.description,
        metadata=booked.order.metadata,
        reverses_id=public_id(Prefix.LEDGER_TRANSACTION, booked.order.reverses_id),
        effective_at=posting.recorded_at,
        recorded_at=posting.recorded_at,
        entries=_entries(posting.entries, codes),
    )


def hold_posting_shown(posted: PostedHold, codes: Codes) -> TransferShown:
    """Show what was booked of a hold."""
    posting = posted.posting
    return TransferShown(
        id=_find_public(Prefix.LEDGER_TRANSACTION, posting.transaction_id),
        kind="hold_posting",
        hold_id=public_id(Prefix.HOLD, posted.order.hold_id),
        effective_at=posting.recorded_at,
        recorded_at=posting.recorded_at,
        entries=_entries(posting.entries, codes),
    )


def transaction_shown(found: BookedTransaction, codes: Codes) -> TransferShown:
    """Show a transaction as it was read."""
    return TransferShown(
        id=public_id(Prefix.LEDGER_TRANSACTION, found.id),
        kind=found.kind,
        reference=found.reference,
        description=found.description,
        metadata=found.metadata or {},
        payment_id=_find_public(Prefix.PAYMENT, found.payment_id),
        hold_id=_find_public(Prefix.HOLD, found.hold_id),
        quote_id=_find_public(Prefix.FX_QUOTE, found.quote_id),
        reverses_id=_find_public(Prefix.LEDGER_TRANSACTION, found.reverses_id),
        reversed_by_id=_find_public(Prefix.LEDGER_TRANSACTION, found.reversed_by_id),
        effective_at=found.effective_at,
        recorded_at=found.recorded_at,
        entries=_entries(found.entries, codes),
    )


def _find_public(prefix: Prefix, value: UUID | None) -> str | None:
    return None if value is None else public_id(prefix, value)


def _entries(booked: Sequence[BookedLeg], codes: Codes) -> tuple[TransferEntryShown, ...]:
    return tuple(
        TransferEntryShown(
            line=leg.line,
            account_id=public_id(Prefix.LEDGER_ACCOUNT, leg.account_id),
            account=codes.get(leg.account_id),
            direction=leg.direction.value,
            amount=exact(leg.amount_minor),
            currency=leg.currency,
            balance=exact(leg.balance_minor),
            account_version=leg.account_version,
        )
        for leg in booked
    )


def transfer_tables(shown: TransferShown) -> tuple[Table, Table]:
    """Tell one transaction with its entries."""
    facts = {
        "id": shown.id,
        "kind": shown.kind,
        "reference": shown.reference,
        "description": shown.description,
        "payment": shown.payment_id,
        "hold": shown.hold_id,
        "quote": shown.quote_id,
        "reverses": shown.reverses_id,
        "reversed by": shown.reversed_by_id,
        "metadata": metadata_in_line(shown.metadata),
        "effective at": instant(shown.effective_at),
        "recorded at": instant(shown.recorded_at),
    }
    columns = ("line", "account", "debit", "credit", "balance")
    rows = (
        (
            one.line,
            one.account or one.account_id,
            money(one.amount, one.currency) if one.direction == Direction.DEBIT else "",
            money(one.amount, one.currency) if one.direction == Direction.CREDIT else "",
            money(one.balance, one.currency),
        )
        for one in shown.entries
    )
    title = "Dry run: nothing was booked" if shown.dry_run else "Transaction"
    return card(title, facts), grid("Entries", columns, rows, right=("line", "debit", "credit", "balance"))


def transfer_list(found: Sequence[TransferShown]) -> Table:
    """Tell many transactions, with the sum of their debits in each currency."""
    columns = ("recorded at", "transaction", "kind", "reference", "legs", "moved", "reversed by")
    rows = (
        (
            instant(one.recorded_at),
            one.id,
            one.kind,
            one.reference or "",
            len(one.entries),
            ", ".join(money(total, currency) for currency, total in _moved(one).items()),
            one.reversed_by_id or "",
        )
        for one in found
    )
    return grid("Transactions", columns, rows, right=("legs", "moved"))


def _moved(shown: TransferShown) -> dict[str, int]:
    sums: dict[str, int] = {}
    for entry in shown.entries:
        if entry.direction == Direction.DEBIT:
            sums[entry.currency] = sums.get(entry.currency, 0) + int(entry.amount)
    return sums
