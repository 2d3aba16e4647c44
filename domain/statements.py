"""Account statements: what an account held at the beginning of a period, every entry since, and what it held then."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from domain.errors import VAL_PERIOD, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, PaymentId, RefundId
from domain.ledger import Direction
from domain.money import Currency

SETTLED_AFTER = timedelta(seconds=60)
"""A posting takes its time of recording a moment before it is committed; a minute later it is there or never will be.

Statements of the database end after 15 seconds and waiting for locks before that, so a minute is generous.
"""


class Period(msgspec.Struct, frozen=True):
    """The moments from `start` up to and without `end`, by the time of recording. Raises VAL_PERIOD when empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse a period that holds no moment."""
        if self.start >= self.end:
            raise MediatorError(VAL_PERIOD, "The period ends before it begins, or as it begins.")

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.start <= moment < self.end


def period_of(start: datetime | None, end: datetime | None, *, now: datetime) -> Period:
    """Give the period between two moments; without both, the calendar month (UTC) before this one.

    Raises VAL_PERIOD when only one is given, or when they leave nothing between them.
    """
    if start is not None and end is not None:
        return Period(start, end)
    if start is not None or end is not None:
        raise MediatorError(VAL_PERIOD, "A period has both a beginning and an end.")
    return month_before(now)


def month_before(now: datetime) -> Period:
    """Give the calendar month (UTC) before the one of that moment."""
    end = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period((end - timedelta(days=1)).replace(day=1), end)


class StatementAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account that a statement is about. Its balances are told on its normal side."""

    id: LedgerAccountId
    code: str
    currency: Currency
    normal_balance: Direction


class StatementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One booking on the account, in minor units; `balance_minor` is what the account held after it.

    `account_version` numbers the changes of the account. The transaction's words come with it.
    """

    transaction_id: LedgerTransactionId
    line: int
    account_version: int
    kind: str
    direction: Direction
    currency: Currency
    amount_minor: int
    balance_minor: int
    effective_at: datetime
    recorded_at: datetime
    reference: str | None = None
    description: str | None = None
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    reverses_id: LedgerTransactionId | None = None


class Turnover(msgspec.Struct, frozen=True):
    """How many entries there were on one side, and what they sum to, in minor units."""

    count: int
    sum_minor: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Opening balance, entries in the order of their recording, closing balance: in minor units, on the normal side.

    It cannot be built unless opening + entries = closing and every entry's own balance agrees (ValueError: the books
    are at fault, not the caller). `as_of` is when it was read. `available_minor` is what was available then, told only
    when the period had not ended: what was available in the past is not on record.
    """

    account: StatementAccount
    period: Period
    as_of: datetime
    opening_minor: int
    closing_minor: int
    entries: tuple[StatementEntry, ...] = ()
    available_minor: int | None = None

    def __post_init__(self) -> None:
        """Refuse what does not add up."""
        balance = self.opening_minor
        for entry in self.entries:
            balance += self.signed_minor(entry)
            self._check(entry, balance)
        if balance != self.closing_minor:
            raise ValueError(f"{self.account.id}: the entries lead to {balance}, and not to {self.closing_minor}")
        for earlier, later in pairwise(self.entries):
            if (earlier.recorded_at, earlier.account_version) >= (later.recorded_at, later.account_version):
                raise ValueError(f"{self.account.id}: entries out of order at version {later.account_version}")

    def _check(self, entry: StatementEntry, balance: int) -> None:
        """Refuse an entry that belongs elsewhere, or whose balance is another than the one that it leads to."""
        where = f"{self.account.id} version {entry.account_version}"
        if entry.amount_minor <= 0 or entry.currency != self.account.currency:
            raise ValueError(f"{where}: {entry.amount_minor} {entry.currency} is no entry of this account")
        if not self.period.holds(entry.recorded_at):
            raise ValueError(f"{where}: recorded outside of the period, at {entry.recorded_at}")
        if balance != entry.balance_minor:
            raise ValueError(f"{where}: the entry says {entry.balance_minor}, and it leads to {balance}")

    def signed_minor(self, entry: StatementEntry) -> int:
        """Give what an entry adds to the balance: less than nothing when it is on the account's other side."""
        return entry.amount_minor if entry.direction is self.account.normal_balance else -entry.amount_minor

    def turnover(self, direction: Direction) -> Turnover:
        """Add up one side."""
        amounts = [entry.amount_minor for entry in self.entries if entry.direction is direction]
        return Turnover(len(amounts), sum(amounts))

    @property
    def is_final(self) -> bool:
        """Whether nothing can be recorded in this period any more: asked for again, it will be the same."""
        return self.as_of >= self.period.end + SETTLED_AFTER if self.period.end < _LAST else False


_LAST = datetime.max.replace(tzinfo=UTC) - SETTLED_AFTER
