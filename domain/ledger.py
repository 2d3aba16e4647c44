"""The double-entry ledger's words: accounts, entries that balance, and holds that keep money for later."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.errors import LEDGER_UNBALANCED, MediatorError
from domain.ids import HoldId, LedgerTransactionId, PaymentId, PayoutId, RefundId
from domain.money import Currency, Money


class Direction(StrEnum):
    """The side of an entry, and the side on which an account normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountRef(msgspec.Struct, frozen=True):
    """An account by its code path and currency (`provider:pac_…:clearing` in EUR), opened at its first use."""

    code: str
    currency: Currency
    normal_balance: Direction


class Entry(msgspec.Struct, frozen=True):
    """One side of a booking: a positive amount of minor units, debited or credited to an account of that currency."""

    account: AccountRef
    direction: Direction
    amount_minor: int


class LedgerTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that become true together; it cannot be built unless each currency's debits equal its credits."""

    id: LedgerTransactionId
    kind: str
    payment_id: PaymentId | None
    refund_id: RefundId | None
    hold_id: HoldId | None
    effective_at: datetime
    entries: tuple[Entry, ...]
    payout_id: PayoutId | None = None

    def __post_init__(self) -> None:
        """Refuse what does not balance. Raises LEDGER_UNBALANCED."""
        sums: dict[Currency, int] = {}
        for entry in self.entries:
            sign = 1 if entry.direction is Direction.DEBIT else -1
            sums[entry.account.currency] = sums.get(entry.account.currency, 0) + sign * entry.amount_minor
        if not self.entries or any(sums.values()) or any(entry.amount_minor <= 0 for entry in self.entries):
            raise MediatorError(LEDGER_UNBALANCED, "Debits and credits must be positive and equal in each currency.")


class HoldState(StrEnum):
    """How far a hold has come (money.md §3)."""

    PENDING = "pending"
    PARTIALLY_POSTED = "partially_posted"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class HoldPlacement(msgspec.Struct, frozen=True, kw_only=True):
    """Keep an amount pending between two accounts, counted against what is available.

    `is_covered`: only if the debited account is active and has that much available, whatever its overdraft.
    """

    hold_id: HoldId
    debit: AccountRef
    credit: AccountRef
    amount: Money
    payment_id: PaymentId | None
    refund_id: RefundId | None
    payout_id: PayoutId | None = None
    is_covered: bool = False


class HoldChange(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a hold: how much of it is posted, how much let go, and whether the rest is at risk."""

    hold_id: HoldId
    post_minor: int = 0
    release_minor: int = 0
    at_risk: bool = False


class Postings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one event makes in the ledger."""

    placements: tuple[HoldPlacement, ...] = ()
    changes: tuple[HoldChange, ...] = ()
    transactions: tuple[LedgerTransaction, ...] = ()
