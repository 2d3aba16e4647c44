"""What a bank says was booked on our account: statements with their lines and balances, and whether they add up.

Amounts are exact decimals in major units, since a bank also writes currencies that are none today, and parts of a minor
unit. Sides are the account owner's, ours: a credit is money that came in.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec


class LineState(StrEnum):
    """How far a line is true: booked, expected, or only told for information."""

    BOOKED = "booked"
    PENDING = "pending"
    INFORMATION = "information"


class LineDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer within a line: a batch has many. `references` are all the ids that it has, the surest first."""

    references: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    return_reason: str | None = None
    is_return: bool = False
    text: str | None = None


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry on the account, never negative: its side says which way the money went.

    `is_reversal` says that it undoes an entry of the other side, and changes nothing about which way this one went.
    """

    amount: Decimal
    currency: str
    is_credit: bool
    is_reversal: bool
    state: LineState
    booked_on: date | None = None
    value_on: date | None = None
    bank_reference: str | None = None
    details: tuple[LineDetail, ...] = ()

    @property
    def signed(self) -> Decimal:
        """The amount as it changes the balance."""
        return self.amount if self.is_credit else -self.amount


class BalanceKind(StrEnum):
    """Which balance: booked before the first line and after the last, or any other."""

    OPENING = "opening"
    CLOSING = "closing"
    OTHER = "other"


class StatedBalance(msgspec.Struct, frozen=True, kw_only=True):
    """A balance as the bank states it: positive when the account is in credit. `code` is the bank's (OPBD, 62F)."""

    kind: BalanceKind
    code: str
    amount: Decimal
    currency: str
    day: date | None = None


class BankStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement, or one notification, of one account.

    `is_whole`: it holds every line between its balances, which a page of several, or a notification, does not.
    """

    id: str
    account: str
    is_whole: bool
    balances: tuple[StatedBalance, ...]
    lines: tuple[StatementLine, ...]

    @property
    def is_proved(self) -> bool:
        """Whether there is a pair of balances for the currency of every line, so that something was checked."""
        currencies = {line.currency for line in self.lines if line.state is LineState.BOOKED}
        checked = set(self._pairs())
        return self.is_whole and bool(checked) and currencies <= checked

    def faults(self) -> tuple[str, ...]:
        """Say for each currency in which opening and booked lines are not the closing balance, by how much."""
        if not self.is_whole:
            return ()
        return tuple(
            f"{opening} {currency} and {turnover} booked make {opening + turnover}, not {closing}"
            for currency, (opening, closing) in self._pairs().items()
            if opening + (turnover := self._turnover(currency)) != closing
        )

    def _pairs(self) -> dict[str, tuple[Decimal, Decimal]]:
        openings, closings = self._of(BalanceKind.OPENING), self._of(BalanceKind.CLOSING)
        return {currency: (openings[currency], closings[currency]) for currency in openings if currency in closings}

    def _of(self, kind: BalanceKind) -> dict[str, Decimal]:
        """Give a balance for each currency; of several of a kind the first."""
        return {one.currency: one.amount for one in reversed(self.balances) if one.kind is kind}

    def _turnover(self, currency: str) -> Decimal:
        return sum((line.signed for line in self._booked(currency)), Decimal())

    def _booked(self, currency: str) -> Iterator[StatementLine]:
        return (line for line in self.lines if line.state is LineState.BOOKED and line.currency == currency)
