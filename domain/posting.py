"""What may be asked of the ledger, and what it answers: orders, postings, and refusals."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

import msgspec

from domain.errors import (
    GATE_LIMIT_EXCEEDED,
    HOLD_CLOSED,
    HOLD_EXCEEDED,
    HOLD_EXPIRED,
    LEDGER_ACCOUNT_CLOSED,
    LEDGER_ACCOUNT_FROZEN,
    LEDGER_ACCOUNT_UNKNOWN,
    LEDGER_ALREADY_REVERSED,
    LEDGER_BATCH_REFUSED,
    LEDGER_CONDITION_FAILED,
    LEDGER_CURRENCY_MISMATCH,
    LEDGER_INSUFFICIENT_FUNDS,
    LEDGER_OVERFLOW,
    LEDGER_REFERENCE_USED,
    LEDGER_UNBALANCED,
    NOT_FOUND,
    STATE_CONFLICT,
    VAL_AMOUNT,
    ErrorCode,
    FieldError,
    MediatorError,
)
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId
from domain.ledger import Direction, HoldState
from domain.money import Currency

BOUND = 9_000_000_000_000_000_000
"""Most that an account's debits, or its credits, may sum to, posted and pending together, in minor units."""

LEGS_MAX = 1_000
"""Most legs of one transfer."""


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a transfer that is asked for; `available_min` must be available on the account afterwards."""

    account_id: LedgerAccountId
    direction: Direction
    amount_minor: int
    currency: Currency
    available_min: int | None = None


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """Move money between accounts in one ledger transaction. Raises LEDGER_UNBALANCED and VAL_AMOUNT when built.

    `effective_at` is the time for which it counts (the time of recording when None); `reference` is unique in the
    tenant's ledger.
    """

    id: LedgerTransactionId
    legs: tuple[Leg, ...]
    kind: str = "transfer"
    effective_at: datetime | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what does not balance in every currency."""
        require_balance(self.legs)


class PlaceHold(msgspec.Struct, frozen=True, kw_only=True, tag="place_hold"):
    """Keep an amount for a later posting from the debited to the credited account; it counts against `available`.

    Raises VAL_AMOUNT when built.
    """

    hold_id: HoldId
    debit_account_id: LedgerAccountId
    credit_account_id: LedgerAccountId
    amount_minor: int
    currency: Currency
    expires_at: datetime | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what is no amount."""
        require_amount(self.amount_minor)


class PostHold(msgspec.Struct, frozen=True, kw_only=True, tag="post_hold"):
    """Post a hold: `amount_minor` of it (all that is left when None); `final` lets the rest go.

    Raises VAL_AMOUNT when built.
    """

    id: LedgerTransactionId
    hold_id: HoldId
    amount_minor: int | None = None
    final: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no amount."""
        if self.amount_minor is not None:
            require_amount(self.amount_minor)


class ReleaseHold(msgspec.Struct, frozen=True, kw_only=True, tag="release_hold"):
    """Let what is left of a hold go; `expired` when its time is over (refused before that)."""

    hold_id: HoldId
    expired: bool = False


class Reverse(msgspec.Struct, frozen=True, kw_only=True, tag="reverse"):
    """Book the opposite of a transaction, which can happen once."""

    id: LedgerTransactionId
    reverses_id: LedgerTransactionId
    description: str | None = None
    metadata: dict[str, str] = {}


Order = Transfer | PlaceHold | PostHold | ReleaseHold | Reverse
"""Everything that may be asked of the ledger."""


class BookedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that was made: `balance_minor` is the account's posted balance after it, on its normal side."""

    line: int
    account_id: LedgerAccountId
    direction: Direction
    amount_minor: int
    currency: Currency
    balance_minor: int
    account_version: int


class HoldNow(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold stands after an order."""

    id: HoldId
    state: HoldState
    amount_minor: int
    posted_minor: int
    released_minor: int


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """What an order made: a transaction with its entries (none for a hold placed or let go), and the hold it touched.

    `replayed` says that an earlier order with the same idempotency key made it.
    """

    transaction_id: LedgerTransactionId | None
    recorded_at: datetime
    entries: tuple[BookedLeg, ...] = ()
    hold: HoldNow | None = None
    replayed: bool = False


class Reason(IntEnum):
    """Why the ledger refuses an order; the numbers are those of the posting functions."""

    INSUFFICIENT_FUNDS = 1
    UNKNOWN_ACCOUNT = 2
    CURRENCY_MISMATCH = 3
    ACCOUNT_FROZEN = 4
    ACCOUNT_CLOSED = 5
    OVERFLOW = 6
    REFERENCE_USED = 7
    CONDITION_FAILED = 8
    UNKNOWN_HOLD = 11
    HOLD_CLOSED = 12
    HOLD_EXCEEDED = 13
    HOLD_NOT_DUE = 14
    UNKNOWN_TRANSACTION = 15
    ALREADY_REVERSED = 16
    LIMIT_EXCEEDED = 17
    HOLD_EXPIRED = 18
    BATCH_REFUSED = 19
    MOVED_ON = 20


CODES: dict[Reason, tuple[ErrorCode, str]] = {
    Reason.INSUFFICIENT_FUNDS: (LEDGER_INSUFFICIENT_FUNDS, "The account has not that much available."),
    Reason.UNKNOWN_ACCOUNT: (LEDGER_ACCOUNT_UNKNOWN, "There is no such account."),
    Reason.CURRENCY_MISMATCH: (LEDGER_CURRENCY_MISMATCH, "The account is kept in another currency."),
    Reason.ACCOUNT_FROZEN: (LEDGER_ACCOUNT_FROZEN, "The account is frozen."),
    Reason.ACCOUNT_CLOSED: (LEDGER_ACCOUNT_CLOSED, "The account is closed."),
    Reason.OVERFLOW: (LEDGER_OVERFLOW, "The account's sums would pass their bound."),
    Reason.REFERENCE_USED: (LEDGER_REFERENCE_USED, "The reference is that of another transaction."),
    Reason.CONDITION_FAILED: (LEDGER_CONDITION_FAILED, "Less would be available than the leg demands."),
    Reason.UNKNOWN_HOLD: (NOT_FOUND, "There is no such hold."),
    Reason.HOLD_CLOSED: (HOLD_CLOSED, "The hold is posted or let go already."),
    Reason.HOLD_EXCEEDED: (HOLD_EXCEEDED, "The hold has not that much left; nothing was booked."),
    Reason.HOLD_NOT_DUE: (STATE_CONFLICT, "The hold's time is not over."),
    Reason.UNKNOWN_TRANSACTION: (NOT_FOUND, "There is no such transaction."),
    Reason.ALREADY_REVERSED: (LEDGER_ALREADY_REVERSED, "The transaction was reversed already."),
    Reason.LIMIT_EXCEEDED: (GATE_LIMIT_EXCEEDED, "A limit would be exceeded."),
    Reason.HOLD_EXPIRED: (HOLD_EXPIRED, "The hold's time is over."),
    Reason.BATCH_REFUSED: (LEDGER_BATCH_REFUSED, "Another item of this atomic batch was refused."),
    Reason.MOVED_ON: (STATE_CONFLICT, "It was changed by somebody else meanwhile."),
}
"""What each reason means in the catalogue."""


class Refusal(msgspec.Struct, frozen=True):
    """An order that the ledger refused, whole: `leg` counts from 1 (0: the order itself). Nothing was booked.

    `replayed` says that an earlier order with the same idempotency key was refused so, in the request `request_id`: a
    refusal is final.
    """

    reason: Reason
    leg: int = 0
    replayed: bool = False
    request_id: str | None = None

    def error(self) -> MediatorError:
        """Give the refusal as the error that a caller sees."""
        entry, detail = CODES[self.reason]
        return MediatorError(entry, f"{detail} (leg {self.leg})" if self.leg else detail)


Outcome = Posting | Refusal


def require_amount(amount_minor: int) -> None:
    """Refuse what is not from 1 to BOUND. Raises VAL_AMOUNT."""
    if not 1 <= amount_minor <= BOUND:
        detail = f"must be from 1 to {BOUND} minor units"
        raise MediatorError(VAL_AMOUNT, f"The amount {detail}.", errors=(FieldError("/amount", detail),))


def require_balance(legs: tuple[Leg, ...]) -> None:
    """Refuse legs that do not sum to zero in each currency.

    Raises VAL_AMOUNT for an amount outside 1..BOUND or too many legs, LEDGER_UNBALANCED otherwise.
    """
    sums: dict[Currency, int] = {}
    for number, leg in enumerate(legs, start=1):
        if not 1 <= leg.amount_minor <= BOUND:
            raise MediatorError(VAL_AMOUNT, f"The amount of leg {number} must be from 1 to {BOUND} minor units.")
        signed = leg.amount_minor if leg.direction is Direction.DEBIT else -leg.amount_minor
        sums[leg.currency] = sums.get(leg.currency, 0) + signed
    if len(legs) > LEGS_MAX:
        raise MediatorError(VAL_AMOUNT, f"A transfer has at most {LEGS_MAX} legs.")
    if not legs or any(sums.values()):
        raise MediatorError(LEDGER_UNBALANCED, "Debits and credits must be equal in each currency.")


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An order with who gave it: one value, committed whole or not at all.

    `api_key_id` counts against the limits of that key. `quote_id` with `quote_version` executes a reserved FX quote.
    """

    order: Order
    actor: str
    request_id: str
    api_key_id: UUID | None = None
    quote_id: UUID | None = None
    quote_version: int | None = None
