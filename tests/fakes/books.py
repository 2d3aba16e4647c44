"""The books in memory: the reference ledger, and what payments' events make in it as `fm.commit_unit` does."""

from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.payments import BookedEntry
from domain.accounts import Account, AccountState
from domain.bookkeeping import postings_of
from domain.errors import (
    HOLD_EXCEEDED,
    LEDGER_ACCOUNT_CLOSED,
    LEDGER_ACCOUNT_FROZEN,
    LEDGER_INSUFFICIENT_FUNDS,
    LEDGER_OVERFLOW,
    MediatorError,
)
from domain.events import Event
from domain.ids import HoldId, LedgerAccountId, PaymentId
from domain.ledger import AccountRef, Direction, HoldChange, HoldPlacement, LedgerTransaction
from domain.posting import BookedLeg, Leg
from domain.reference_checks import booked, held, overflowing
from domain.reference_ledger import ReferenceLedger
from domain.reference_rows import OPEN_HOLD_STATES, Hold, Transaction, leg_of

AccountKey = tuple[str, str]
"""Code and currency."""


class Books:
    """One tenant's ledger with its payments. A refused posting spoils the books that it was made on: copy first."""

    def __init__(self) -> None:
        """Open empty books."""
        self.ledger = ReferenceLedger()

    def copy(self) -> "Books":
        """Give books that can be posted to without touching these."""
        copied = Books()
        copied.ledger = self.ledger.copy()
        return copied

    @property
    def accounts(self) -> dict[AccountKey, Account]:
        """The accounts by code and currency."""
        return {(one.code, str(one.currency)): one for one in self.ledger.accounts.values()}

    @property
    def holds(self) -> dict[HoldId, Hold]:
        """The holds."""
        return self.ledger.holds

    @property
    def entries(self) -> list[BookedEntry]:
        """What was booked, in order."""
        return [
            self._shown(transaction, leg)
            for transaction in self.ledger.transactions.values()
            for leg in transaction.entries
        ]

    def post(self, events: tuple[Event, ...], *, now: datetime) -> None:
        """Post what these events make. Raises HOLD_EXCEEDED, LEDGER_OVERFLOW."""
        postings = [postings_of(event) for event in events]
        for placement in (one for made in postings for one in made.placements):
            self._place(placement, now)
        for change in (one for made in postings for one in made.changes):
            self._change(change)
        for transaction in (one for made in postings for one in made.transactions):
            self._book(transaction, now)

    def _place(self, placement: HoldPlacement, now: datetime) -> None:
        debit, credit = self._opened(placement.debit, now), self._opened(placement.credit, now)
        if placement.is_covered:
            self._require_cover(debit, placement.amount.minor)
        hold = Hold(
            id=placement.hold_id,
            payment_id=placement.payment_id,
            refund_id=placement.refund_id,
            payout_id=placement.payout_id,
            debit_account_id=debit,
            credit_account_id=credit,
            currency=placement.amount.currency,
            amount_minor=placement.amount.minor,
            created_at=now,
        )
        self.holds[hold.id] = hold
        self._written(held(self.ledger.accounts, hold, hold.amount_minor), hold.legs(hold.amount_minor))

    def _change(self, change: HoldChange) -> None:
        hold = self.holds.get(change.hold_id)
        if hold is None or hold.state not in OPEN_HOLD_STATES:
            raise MediatorError(HOLD_EXCEEDED, "There is no such open hold.")
        gone = change.post_minor + change.release_minor
        if gone > hold.rest_minor:
            raise MediatorError(HOLD_EXCEEDED, "The hold has not that much left.")
        taken = hold.taken(post_minor=change.post_minor, release_minor=change.release_minor)
        at_risk = change.at_risk and taken.rest_minor > 0
        self.holds[hold.id] = msgspec.structs.replace(taken, at_risk=at_risk)
        if gone:
            self.ledger.accounts |= held(self.ledger.accounts, hold, -gone)

    def _book(self, transaction: LedgerTransaction, now: datetime) -> None:
        legs = tuple(
            leg_of(self._opened(one.account, now), one.direction, one.amount_minor, one.account.currency)
            for one in transaction.entries
        )
        after, entries = booked(self.ledger.accounts, legs)
        self._written(after, legs)
        self.ledger.transactions[transaction.id] = Transaction(
            id=transaction.id,
            kind=transaction.kind,
            entries=entries,
            effective_at=transaction.effective_at,
            recorded_at=now,
            hold_id=transaction.hold_id,
            payment_id=transaction.payment_id,
            refund_id=transaction.refund_id,
            payout_id=transaction.payout_id,
        )

    def _require_cover(self, account_id: LedgerAccountId, amount_minor: int) -> None:
        """Refuse a hold that its account does not cover, as `fm.require_cover` does."""
        account = self.ledger.accounts[account_id]
        if account.state is AccountState.FROZEN:
            raise MediatorError(LEDGER_ACCOUNT_FROZEN, "The account is frozen.")
        if account.state is AccountState.CLOSED:
            raise MediatorError(LEDGER_ACCOUNT_CLOSED, "The account is closed.")
        if amount_minor > account.available:
            raise MediatorError(LEDGER_INSUFFICIENT_FUNDS, "Not that much is available.")

    def _written(self, after: dict[LedgerAccountId, Account], legs: tuple[Leg, ...]) -> None:
        """Write accounts that changed, if they can hold that much."""
        if overflowing(after, legs) is not None:
            raise MediatorError(LEDGER_OVERFLOW, "An account cannot hold that much.")
        self.ledger.accounts |= after

    def _opened(self, ref: AccountRef, now: datetime) -> LedgerAccountId:
        known = self.accounts.get((ref.code, str(ref.currency)))
        if known is not None:
            return known.id
        opened = Account(
            id=LedgerAccountId(UUID(int=len(self.ledger.accounts) + 1)),
            code=ref.code,
            currency=ref.currency,
            normal_balance=ref.normal_balance,
            created_at=now,
        )
        self.ledger.accounts[opened.id] = opened
        return opened.id

    def sums(self) -> dict[str, int]:
        """Add up all entries per currency, debits positive: every value must be zero."""
        sums: dict[str, int] = {}
        for leg in (leg for transaction in self.ledger.transactions.values() for leg in transaction.entries):
            sign = 1 if leg.direction is Direction.DEBIT else -1
            sums[leg.currency] = sums.get(leg.currency, 0) + sign * leg.amount_minor
        return sums

    def booked(self, payment_id: PaymentId, kind: str) -> int:
        """Add up what was debited for a payment by transactions of that kind."""
        return sum(
            leg.amount_minor
            for transaction in self.ledger.transactions.values()
            if (transaction.payment_id, transaction.kind) == (payment_id, kind)
            for leg in transaction.entries
            if leg.direction is Direction.DEBIT
        )

    def _shown(self, transaction: Transaction, leg: BookedLeg) -> BookedEntry:
        return BookedEntry(
            transaction_id=transaction.id,
            line=leg.line,
            kind=transaction.kind,
            payment_id=transaction.payment_id,
            refund_id=transaction.refund_id,
            account_id=leg.account_id,
            account_code=self.ledger.accounts[leg.account_id].code,
            direction=leg.direction,
            amount_minor=leg.amount_minor,
            currency=leg.currency,
            balance_minor=leg.balance_minor,
            account_version=leg.account_version,
            reference=transaction.reference,
            effective_at=transaction.effective_at,
            recorded_at=transaction.recorded_at,
        )
