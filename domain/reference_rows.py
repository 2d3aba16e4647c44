"""The rows of the reference ledger: holds, transactions, and what an order would change of them."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.accounts import Account
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId, LimitId, PaymentId, PayoutId, RefundId
from domain.ledger import Direction, HoldState
from domain.limits import LimitUsage
from domain.money import Currency
from domain.posting import BookedLeg, HoldNow, Leg, PlaceHold, Posting

OPEN_HOLD_STATES = frozenset({HoldState.PENDING, HoldState.PARTIALLY_POSTED})


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is kept pending between two accounts, in minor units; payments' holds name their payment."""

    id: HoldId
    debit_account_id: LedgerAccountId
    credit_account_id: LedgerAccountId
    currency: Currency
    amount_minor: int
    created_at: datetime
    posted_minor: int = 0
    released_minor: int = 0
    state: HoldState = HoldState.PENDING
    at_risk: bool = False
    expires_at: datetime | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    payout_id: PayoutId | None = None

    @property
    def rest_minor(self) -> int:
        """What is neither posted nor let go."""
        return self.amount_minor - self.posted_minor - self.released_minor

    @property
    def now(self) -> HoldNow:
        """How it stands."""
        return HoldNow(
            id=self.id,
            state=self.state,
            amount_minor=self.amount_minor,
            posted_minor=self.posted_minor,
            released_minor=self.released_minor,
        )

    def legs(self, amount_minor: int) -> tuple[Leg, Leg]:
        """Give so much of it as the two legs that it becomes."""
        return (
            leg_of(self.debit_account_id, Direction.DEBIT, amount_minor, self.currency),
            leg_of(self.credit_account_id, Direction.CREDIT, amount_minor, self.currency),
        )

    def taken(self, *, post_minor: int, release_minor: int) -> "Hold":
        """Give it with so much more posted and let go."""
        posted = self.posted_minor + post_minor
        released = self.released_minor + release_minor
        state = HoldState.PARTIALLY_POSTED if posted else HoldState.PENDING
        if posted + released == self.amount_minor:
            state = HoldState.POSTED if posted else HoldState.VOIDED
        return msgspec.structs.replace(self, posted_minor=posted, released_minor=released, state=state)


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that became true together; payments' transactions name their payment."""

    id: LedgerTransactionId
    kind: str
    entries: tuple[BookedLeg, ...]
    effective_at: datetime
    recorded_at: datetime
    hold_id: HoldId | None = None
    reverses_id: LedgerTransactionId | None = None
    quote_id: UUID | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    payout_id: PayoutId | None = None


class KeyUse(msgspec.Struct, frozen=True):
    """An idempotency key on its route, with the SHA-256 of what it is used for."""

    route: str
    key: str
    fingerprint: bytes


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an order makes when it is not refused: everything that it writes, decided before anything is written."""

    accounts: dict[LedgerAccountId, Account]
    usage: dict[tuple[LimitId, datetime], LimitUsage] = {}
    hold: Hold | None = None
    transaction: Transaction | None = None
    recorded_at: datetime

    @property
    def posting(self) -> Posting:
        """What the one who ordered it is told."""
        return Posting(
            transaction_id=None if self.transaction is None else self.transaction.id,
            recorded_at=self.recorded_at,
            entries=() if self.transaction is None else self.transaction.entries,
            hold=None if self.hold is None else self.hold.now,
        )


def leg_of(account_id: LedgerAccountId, direction: Direction, amount_minor: int, currency: Currency) -> Leg:
    """Give an unconditional leg."""
    return Leg(account_id=account_id, direction=direction, amount_minor=amount_minor, currency=currency)


def hold_of(order: PlaceHold, *, now: datetime) -> Hold:
    """Give the hold that an order would place."""
    return Hold(
        id=order.hold_id,
        debit_account_id=order.debit_account_id,
        credit_account_id=order.credit_account_id,
        currency=order.currency,
        amount_minor=order.amount_minor,
        created_at=now,
        expires_at=order.expires_at,
        reference=order.reference,
        description=order.description,
        metadata=order.metadata,
    )
