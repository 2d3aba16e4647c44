"""Statements as JSON, in minor units as everywhere in the API."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from adapters.statements.words import entry_id, utc
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.statements import Statement, StatementEntry

EXACT_MAX = 2**53 - 1
"""What every JSON reader keeps exact (RFC 8259 §6)."""

Minor = Annotated[
    int | str, Meta(description="Minor units of the currency; a string of digits above 9,007,199,254,740,991.")
]
Instant = Annotated[datetime, Meta(description="ISO 8601, UTC.", tz=True)]


class StatementEntryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One booking on the account."""

    id: Annotated[str, Meta(description="Transaction and line, as in ltx_0198…_1.")]
    transaction_id: str
    kind: Annotated[str, Meta(description="What was booked.", examples=["transfer"])]
    direction: Direction
    amount: Minor
    balance: Annotated[
        int | str,
        Meta(description="What the account held after it, on its normal side, in minor units (as `amount`)."),
    ]
    effective_at: Annotated[datetime, Meta(description="What it counts for. ISO 8601, UTC.", tz=True)]
    recorded_at: Annotated[datetime, Meta(description="When it was recorded. ISO 8601, UTC.", tz=True)]
    reference: str | None
    description: str | None
    payment_id: str | None
    refund_id: str | None
    reverses_id: str | None


class TurnoverOut(msgspec.Struct, frozen=True):
    """How many entries of one side, and their sum."""

    count: int
    sum: Minor


class StatementOut(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An account over a period: `opening_balance` and all entries sum to `closing_balance`, on its normal side."""

    account_id: str
    account: Annotated[str, Meta(description="The account's code.", examples=["merchant:main:payable"])]
    currency: Annotated[str, Meta(description="ISO 4217 alphabetic code.", examples=["EUR"])]
    normal_balance: Direction
    from_: Annotated[datetime, Meta(description="First moment of the period. ISO 8601, UTC.", tz=True)]
    to: Annotated[datetime, Meta(description="The moment after the period. ISO 8601, UTC.", tz=True)]
    as_of: Annotated[datetime, Meta(description="When it was read. ISO 8601, UTC.", tz=True)]
    is_final: Annotated[bool, Meta(description="Whether nothing can be recorded in this period any more.")]
    opening_balance: Minor
    closing_balance: Minor
    available: Annotated[
        int | str | None,
        Meta(description="What was available at `as_of`; null when the period was over by then. Minor units."),
    ]
    debits: TurnoverOut
    credits: TurnoverOut
    entries: Annotated[tuple[StatementEntryOut, ...], Meta(description="In the order of their recording.")]


def write_json(statement: Statement) -> bytes:
    """Write a statement as one JSON object in UTF-8."""
    return msgspec.json.encode(statement_out(statement))


def statement_out(statement: Statement) -> StatementOut:
    """Show a statement."""
    account, period = statement.account, statement.period
    return StatementOut(
        account_id=public_id(Prefix.LEDGER_ACCOUNT, account.id),
        account=account.code,
        currency=account.currency,
        normal_balance=account.normal_balance,
        from_=utc(period.start),
        to=utc(period.end),
        as_of=utc(statement.as_of),
        is_final=statement.is_final,
        opening_balance=_exact(statement.opening_minor),
        closing_balance=_exact(statement.closing_minor),
        available=None if statement.available_minor is None else _exact(statement.available_minor),
        debits=_turnover(statement, Direction.DEBIT),
        credits=_turnover(statement, Direction.CREDIT),
        entries=tuple(_entry_out(entry) for entry in statement.entries),
    )


def _turnover(statement: Statement, direction: Direction) -> TurnoverOut:
    turnover = statement.turnover(direction)
    return TurnoverOut(turnover.count, _exact(turnover.sum_minor))


def _entry_out(entry: StatementEntry) -> StatementEntryOut:
    return StatementEntryOut(
        id=entry_id(entry),
        transaction_id=public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id),
        kind=entry.kind,
        direction=entry.direction,
        amount=_exact(entry.amount_minor),
        balance=_exact(entry.balance_minor),
        effective_at=utc(entry.effective_at),
        recorded_at=utc(entry.recorded_at),
        reference=entry.reference,
        description=entry.description,
        payment_id=None if entry.payment_id is None else public_id(Prefix.PAYMENT, entry.payment_id),
        refund_id=None if entry.refund_id is None else public_id(Prefix.REFUND, entry.refund_id),
        reverses_id=None if entry.reverses_id is None else public_id(Prefix.LEDGER_TRANSACTION, entry.reverses_id),
    )


def _exact(minor: int) -> int | str:
    return minor if abs(minor) <= EXACT_MAX else str(minor)
