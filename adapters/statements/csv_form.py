"""Statements as CSV (RFC 4180) in major units, safe to open in a spreadsheet."""

import csv
import io

from adapters.statements.words import decimal_of, entry_id, instant, utc
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.statements import Statement, StatementEntry

COLUMNS = (
    "row",
    "recorded_at",
    "value_date",
    "id",
    "kind",
    "reference",
    "description",
    "payment_id",
    "debit",
    "credit",
    "amount",
    "balance",
    "currency",
)
"""`row` is opening, entry or closing. `amount` has the sign of its effect: the opening balance and the sum of
`amount` are the closing balance."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")  # noqa: RUF001 -- full width on purpose
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection); and our own mark."""


def write_csv(statement: Statement) -> bytes:
    """Write a header, the opening balance, each entry, and the closing balance, in UTF-8 with CRLF."""
    file = io.StringIO(newline="")
    rows = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\r\n")
    rows.writeheader()
    rows.writerow(_balance(statement, "opening"))
    rows.writerows(_entry(statement, entry) for entry in statement.entries)
    rows.writerow(_balance(statement, "closing"))
    return file.getvalue().encode()


def guarded(text: str | None) -> str:
    """Put an apostrophe before a text that a spreadsheet could take for a formula; taking it off restores the text."""
    if text is None:
        return ""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _balance(statement: Statement, row: str) -> dict[str, str]:
    period, currency = statement.period, statement.account.currency
    is_opening = row == "opening"
    return {
        "row": row,
        "recorded_at": instant(period.start if is_opening else period.end),
        "description": guarded(statement.account.code),
        "balance": decimal_of(statement.opening_minor if is_opening else statement.closing_minor, currency),
        "currency": currency,
    }


def _entry(statement: Statement, entry: StatementEntry) -> dict[str, str]:
    amount = decimal_of(entry.amount_minor, entry.currency)
    return {
        "row": "entry",
        "recorded_at": instant(entry.recorded_at),
        "value_date": utc(entry.effective_at).date().isoformat(),
        "id": entry_id(entry),
        "kind": guarded(entry.kind),
        "reference": guarded(entry.reference),
        "description": guarded(entry.description),
        "payment_id": "" if entry.payment_id is None else public_id(Prefix.PAYMENT, entry.payment_id),
        "debit": amount if entry.direction is Direction.DEBIT else "",
        "credit": amount if entry.direction is Direction.CREDIT else "",
        "amount": decimal_of(statement.signed_minor(entry), entry.currency),
        "balance": decimal_of(entry.balance_minor, entry.currency),
        "currency": entry.currency,
    }
