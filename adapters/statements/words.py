"""Words and figures for statements: exact decimals, text on one line, and names for files."""

import re
from datetime import UTC, datetime

from domain.ids import Prefix, public_id
from domain.money import Currency, Money
from domain.statements import Statement, StatementEntry

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
"""White space, controls, and what no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets)."""

_NOT_FOR_FILES = re.compile(r"[^A-Za-z0-9.-]+")


def decimal_of(minor: int, currency: Currency) -> str:
    """Write an amount in major units with exactly the currency's decimals (ISO 4217): `-12.34`, `1000`, `0.005`."""
    return str(Money(minor, currency)).partition(" ")[0]


def one_line(text: str | None) -> str:
    """Give a text without line breaks and controls; nothing for none."""
    return _UNPRINTABLE.sub(" ", text or "").strip()


def utc(moment: datetime) -> datetime:
    """Say a moment in UTC."""
    return moment.astimezone(UTC)


def instant(moment: datetime) -> str:
    """Write a moment as in ISO 8601, in UTC: `2026-11-23T12:00:00.5Z` without superfluous zeros."""
    return utc(moment).isoformat().removesuffix("+00:00").rstrip("0" if moment.microsecond else "") + "Z"


def entry_id(entry: StatementEntry) -> str:
    """Give the public id of an entry: its transaction's and its line."""
    return f"{public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id)}_{entry.line}"


def file_name(statement: Statement, extension: str) -> str:
    """Name a file of letters, digits, dots, hyphens and underscores only: header and file system both take it."""
    code = _NOT_FOR_FILES.sub("-", statement.account.code)[:80].strip(".-")
    period = statement.period
    days = f"{utc(period.start):%Y-%m-%d}_{utc(period.end):%Y-%m-%d}"
    return f"statement_{code}_{statement.account.currency}_{days}.{extension}"
