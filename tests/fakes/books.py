"""The ledger in memory, with the refusals of the posting function: one tenant's accounts, holds and entries."""

from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.payments import BookedEntry
from domain.bookkeeping import postings_of
from domain.errors import HOLD_EXCEEDED, LEDGER_OVERFLOW, MediatorError
from domain.events import Event
from domain.ids import HoldId, PaymentId, RefundId
from domain.ledger import AccountRef, Direction, HoldChange, HoldPlacement, HoldState, LedgerTransaction

BOUND = 9_000_000_000_000_000_000
OPEN_HOLD_STATES = frozenset({HoldState.PENDING, HoldState.PARTIALLY_POSTED})

AccountKey = tuple[str, str]
"""Code and currency."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its cached balances, in minor units."""

    id: UUID
    ref: AccountRef
    created_at: datetime
    posted_debits: int = 0
    posted_credits: int = 0
    pending_debits: int = 0
    pending_credits: int = 0
    version: int = 0


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is kept pending between two accounts."""

    id: HoldId
    payment_id: PaymentId
    refund_id: RefundId | None
    debit: AccountKey
    credit: AccountKey
    amount_minor: int
    posted_minor: int = 0
    released_minor: int = 0
    state: HoldState = HoldState.PENDING
    at_risk: bool = False

    @property
    def rest_minor(self) -> int:
        """What is neither posted nor let go."""
        return self.amount_minor - self.posted_minor - self.released_minor


class Books:
    """Accounts, holds and entries of one tenant. A refused posting spoils the books that it was made on: copy first."""

    def __init__(self) -> None:
        """Open empty books."""
        self.accounts: dict[AccountKey, Account] = {}
        self.holds: dict[HoldId, Hold] = {}
        self.entries: list[BookedEntry] = []

    def copy(self) -> "Books":
        """Give books that can be posted to without touching these."""
        copied = Books()
        copied.accounts = dict(self.accounts)
        copied.holds = dict(self.holds)
        copied.entries = list(self.entries)
        return copied

    def post(self, events: tuple[Event, ...], *, now: datetime) -> None:
        """Post what these events make. Raises HOLD_EXCEEDED, LEDGER_OVERFLOW."""
        touched: set[AccountKey] = set()
        postings = [postings_of(event) for event in events]
        for placement in (one for made in postings for one in made.placements):
            touched |= self._place(placement, now)
        for change in (one for made in postings for one in made.changes):
            touched |= self._change(change)
        for transaction in (one for made in postings for one in made.transactions):
            touched |= self._book(transaction, now)
        for key in touched:
            self._sealed(key)

    def sums(self) -> dict[str, int]:
        """Add up all entries per currency, debits positive: every value must be zero."""
        sums: dict[str, int] = {}
        for entry in self.entries:
            sign = 1 if entry.direction == Direction.DEBIT else -1
            sums[entry.currency] = sums.get(entry.currency, 0) + sign * entry.amount_minor
        return sums

    def booked(self, payment_id: UUID, kind: str) -> int:
        """Add up what was debited for a payment by transactions of that kind."""
        return sum(
            entry.amount_minor
            for entry in self.entries
            if (entry.payment_id, entry.kind, entry.direction) == (payment_id, kind, Direction.DEBIT)
        )

    def _place(self, placement: HoldPlacement, now: datetime) -> set[AccountKey]:
        debit, credit = self._opened(placement.debit, now), self._opened(placement.credit, now)
        self.holds[placement.hold_id] = Hold(
            id=placement.hold_id,
            payment_id=placement.payment_id,
            refund_id=placement.refund_id,
            debit=debit,
            credit=credit,
            amount_minor=placement.amount.minor,
        )
        self._add(debit, pending_debits=placement.amount.minor)
        self._add(credit, pending_credits=placement.amount.minor)
        return {debit, credit}

    def _change(self, change: HoldChange) -> set[AccountKey]:
        hold = self.holds.get(change.hold_id)
        if hold is None or hold.state not in OPEN_HOLD_STATES:
            raise MediatorError(HOLD_EXCEEDED, "There is no such open hold.")
        taken = change.post_minor + change.release_minor
        rest = hold.rest_minor - taken
        if rest < 0:
            raise MediatorError(HOLD_EXCEEDED, "The hold has not that much left.")
        posted = hold.posted_minor + change.post_minor
        self.holds[hold.id] = msgspec.structs.replace(
            hold,
            posted_minor=posted,
            released_minor=hold.released_minor + change.release_minor,
            state=_state_of(rest, posted),
            at_risk=change.at_risk and rest > 0,
        )
        self._add(hold.debit, pending_debits=-taken)
        self._add(hold.credit, pending_credits=-taken)
        return {hold.debit, hold.credit}

    def _book(self, transaction: LedgerTransaction, now: datetime) -> set[AccountKey]:
        touched: set[AccountKey] = set()
        for line, entry in enumerate(transaction.entries, start=1):
            key = self._opened(entry.account, now)
            self.entries.append(
                BookedEntry(
                    transaction_id=transaction.id,
                    line=line,
                    kind=transaction.kind,
                    payment_id=transaction.payment_id,
                    refund_id=transaction.refund_id,
                    account_id=self.accounts[key].id,
                    account_code=entry.account.code,
                    direction=entry.direction,
                    amount_minor=entry.amount_minor,
                    currency=entry.account.currency,
                    effective_at=transaction.effective_at,
                    recorded_at=now,
                )
            )
            side = "posted_debits" if entry.direction is Direction.DEBIT else "posted_credits"
            self._add(key, **{side: entry.amount_minor})
            touched.add(key)
        return touched

    def _opened(self, ref: AccountRef, now: datetime) -> AccountKey:
        key = (ref.code, str(ref.currency))
        if key not in self.accounts:
            self.accounts[key] = Account(id=UUID(int=len(self.accounts) + 1), ref=ref, created_at=now)
        return key

    def _add(self, key: AccountKey, **amounts: int) -> None:
        account = self.accounts[key]
        sums = {name: getattr(account, name) + amount for name, amount in amounts.items()}
        self.accounts[key] = msgspec.structs.replace(account, **sums)

    def _sealed(self, key: AccountKey) -> None:
        """Check the bounds of a touched account once everything is added, and count the change."""
        account = self.accounts[key]
        on_debit = account.posted_debits + account.pending_debits
        on_credit = account.posted_credits + account.pending_credits
        if max(on_debit, on_credit) > BOUND:
            raise MediatorError(LEDGER_OVERFLOW, "An account cannot hold that much.")
        self.accounts[key] = msgspec.structs.replace(account, version=account.version + 1)


def _state_of(rest: int, posted: int) -> HoldState:
    if rest:
        return HoldState.PARTIALLY_POSTED if posted else HoldState.PENDING
    return HoldState.POSTED if posted else HoldState.VOIDED
