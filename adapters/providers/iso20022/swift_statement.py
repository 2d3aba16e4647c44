"""Reads MT940 statements, whose every bank has its own dialect, by the mt-940 library; one statement at a time.

The library keeps the balances of one statement only, so a file is cut into its statements first. It is given text: it
would take bytes for a guess, and a short text for the name of a file. What it does not know of is mended here: a 30th
of February outside of `:61:`, and that the sign of a reversal is the opposite of what it reverses.
"""

import calendar
import logging
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from mt940 import models, tags

from adapters.providers.iso20022.config import Encoding
from domain.bank_statements import BalanceKind, BankStatement, LineDetail, LineState, StatedBalance, StatementLine
from domain.providers import Unreadable

# The library logs every field as it reads it, and as an error when it cannot: names and accounts, in our logs.
tags.logger.setLevel(logging.CRITICAL + 1)

STATEMENTS_MAX = 5_000
DIGITS_MAX = 15
"""The most that the form has room for in an amount."""

_BEGIN = re.compile(r"^:20:", re.MULTILINE)
_ENVELOPE = re.compile(r"\{[1-35]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\{4:|^-\}?\s*$", re.MULTILINE)
_REFERENCE = re.compile(r"(?:/EREF/|EREF\+)\s*(?P<reference>[^/+?\s]{1,35})")
_RETURNED = re.compile(r"/(?:RTRN|RETN)/(?P<reason>[A-Z0-9]{4})")
_TEXT_BY_PAYER = re.compile(r"/REMI/|SVWZ\+")
_RETURN_CODES = frozenset({"159"})
"""Business transaction codes (the German `GVC`) that only a bank gives: a SEPA credit transfer that came back."""

_CREDITS = {"C": True, "RD": True, "D": False, "RC": False}
"""Which way the money went: the reversal of a debit brings it in."""

_OPENINGS = (("final_opening_balance", "60F"), ("intermediate_opening_balance", "60M"), ("opening_balance", "60"))
_CLOSINGS = (("final_closing_balance", "62F"), ("intermediate_closing_balance", "62M"), ("closing_balance", "62"))
_DATED = (
    *("final_opening_balance", "intermediate_opening_balance", "opening_balance"),
    *("final_closing_balance", "intermediate_closing_balance", "closing_balance"),
    *("available_balance", "forward_available_balance", "statement"),
)


def read_swift_statements(raw: bytes, encoding: Encoding) -> tuple[BankStatement, ...] | Unreadable:
    """Give every statement of a file; unreadable as a whole when one of them is. Never raises."""
    text = _ENVELOPE.sub("", _decoded(raw, encoding).replace("\r\n", "\n").replace("\r", "\n"))
    begins = [found.start() for found in _BEGIN.finditer(text)]
    if not begins or len(begins) > STATEMENTS_MAX:
        return Unreadable(f"not an MT940 file of 1 to {STATEMENTS_MAX} statements")
    pieces = [text[begin:end] for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]
    try:
        return tuple(_statement(piece) for piece in pieces)
    except Exception as fault:  # noqa: BLE001 -- the library says what it does not like by whatever breaks in it
        return Unreadable(f"not MT940: {type(fault).__name__} {str(fault)[:200]}")


def _decoded(raw: bytes, encoding: Encoding) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode(encoding.value)


def _statement(text: str) -> BankStatement:
    read = models.Transactions(processors={f"pre_{tag}": [_real_day] for tag in _DATED})
    read.parse(text)
    facts = read.data
    balances = (*_balance(facts, _OPENINGS, BalanceKind.OPENING), *_balance(facts, _CLOSINGS, BalanceKind.CLOSING))
    if not balances:
        raise ValueError("a statement without a balance")
    return BankStatement(
        id=_words(facts.get("transaction_reference")) or "",
        account=_words(facts.get("account_identification")) or "",
        is_whole=True,
        balances=balances,
        lines=tuple(_line(one.data, read.currency) for one in read.transactions if "amount" in one.data),
    )


def _real_day(_read: object, _tag: object, facts: dict[str, Any]) -> dict[str, Any]:
    """Take the last day of February for the 29th or 30th of one that has none (30/360 interest)."""
    for year, month, day in (("year", "month", "day"), ("year", "entry_month", "entry_day")):
        if facts.get(month) == "02" and facts.get(day):
            _, last = calendar.monthrange(2000 + int(facts[year]), 2)
            facts[day] = str(min(int(facts[day]), last)).zfill(2)
    return facts


def _balance(facts: dict[str, Any], tags: tuple[tuple[str, str], ...], kind: BalanceKind) -> Iterator[StatedBalance]:
    for slug, code in tags:
        balance = facts.get(slug)
        if balance is not None:
            amount, currency = _exact(balance.amount.amount), str(balance.amount.currency)
            yield StatedBalance(kind=kind, code=code, amount=amount, currency=currency, day=_plain(balance.date))
            return


def _line(facts: dict[str, Any], currency: str) -> StatementLine:
    mark = str(facts["status"])
    return StatementLine(
        amount=abs(_exact(facts["amount"].amount)),
        currency=str(currency),
        is_credit=_CREDITS[mark],
        is_reversal=mark.startswith("R"),
        state=LineState.BOOKED,
        booked_on=_plain(facts.get("guessed_entry_date") or facts.get("date")),
        value_on=_plain(facts.get("date")),
        bank_reference=_words(facts.get("bank_reference")),
        details=(_detail(facts),),
    )


def _detail(facts: dict[str, Any]) -> LineDetail:
    """Read `:86:`, whether it has fields (`?20EREF+`) or code words (`/EREF/`); what the payer wrote is no evidence."""
    free = "".join(str(facts.get("transaction_details") or "").splitlines())
    by_bank = _TEXT_BY_PAYER.split(free, maxsplit=1)[0]
    found, returned = _REFERENCE.search(by_bank), _RETURNED.search(by_bank)
    references = (_words(facts.get("end_to_end_reference")), found and found["reference"])
    return LineDetail(
        references=tuple(one for one in references if one),
        return_reason=returned["reason"] if returned else None,
        is_return=returned is not None or facts.get("transaction_code") in _RETURN_CODES,
        text=_words(facts.get("purpose") or free),
    )


def _exact(amount: Decimal) -> Decimal:
    """Give an amount that the form has room for. Raises ValueError."""
    if not amount.is_finite() or len(amount.as_tuple().digits) > DIGITS_MAX:
        raise ValueError("an amount with too many digits")
    return amount


def _plain(day: date | None) -> date | None:
    return None if day is None else date(day.year, day.month, day.day)


def _words(text: object) -> str | None:
    """Give a text on one line, fit to be kept; None for none."""
    words = " ".join(str(text or "").split())
    return "".join(one for one in words if one.isprintable())[:500] or None
