"""Statements as PDF: A4 lying, a head with the sums, and the entries as a table that goes on from page to page."""

import textwrap
from collections.abc import Iterator

import msgspec

from adapters.statements.pdf_page import BOLD, HEIGHT, MARGIN, PLAIN, WIDTH, Page, bind
from adapters.statements.words import decimal_of, instant, one_line, utc
from domain.currencies import EXPONENTS
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.money import Currency
from domain.statements import Statement, StatementEntry

SIZE = 8.0
LINE = 10.0
RECORDED, VALUE, DETAILS, DEBIT, CREDIT, BALANCE = 19, 10, 42, 25, 25, 26
"""Widths of the columns, in letters."""
GAP = "  "
LETTERS = 150
"""How many letters a line of the head has at most."""
HEAD, FURTHER_ROW, LAST_ROW = 58.0, 62.0, HEIGHT - MARGIN - LINE
"""Where the head begins, where the rows begin on further pages, and where they end, in points from the top."""


class Row(msgspec.Struct, frozen=True):
    """An entry, or a balance, as lines of letters of one width."""

    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """How much of a page it takes, in points."""
        return LINE * len(self.lines)


def write_pdf(statement: Statement) -> bytes:
    """Write a statement. Rows stay whole; texts that the fonts have no letters for show question marks."""
    head = _head_lines(statement)
    first_row = HEAD + LINE * len(head) + 24
    sheets = list(_sheets(statement, first_row))
    pages = []
    for number, rows in enumerate(sheets, start=1):
        page = Page()
        y = _head(page, head, first_row) if number == 1 else _running_head(page, statement)
        for row in rows:
            for line in row.lines:
                page.text(MARGIN, y, line, size=SIZE)
                y += LINE
        page.text(WIDTH - MARGIN - 72, HEIGHT - MARGIN / 2, f"Page {number} of {len(sheets)}", font=PLAIN, size=SIZE)
        pages.append(page)
    created = f"D:{utc(statement.as_of):%Y%m%d%H%M%S}Z"
    return bind(pages, title=f"Statement of {statement.account.code}", created=created)


def grouped(minor: int, currency: Currency) -> str:
    """Write an amount for people: `-1,234.50`."""
    whole, point, fraction = decimal_of(abs(minor), currency).partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{point}{fraction}"


def _sheets(statement: Statement, first_row: float) -> Iterator[list[Row]]:
    """Share the rows out to pages; there is always one."""
    sheet: list[Row] = []
    y = first_row
    for row in _rows(statement):
        if y + row.height > LAST_ROW and sheet:
            yield sheet
            sheet, y = [], FURTHER_ROW
        sheet.append(row)
        y += row.height
    yield sheet


def _rows(statement: Statement) -> Iterator[Row]:
    yield _balance_row(statement, "Opening balance", statement.opening_minor)
    for entry in statement.entries:
        yield _entry_row(entry)
    yield _balance_row(statement, "Closing balance", statement.closing_minor)


def _balance_row(statement: Statement, words: str, minor: int) -> Row:
    return Row((_line("", "", words, balance=grouped(minor, statement.account.currency)),))


def _entry_row(entry: StatementEntry) -> Row:
    words = " \u00b7 ".join(one_line(text) for text in (entry.kind, entry.reference, entry.description) if text)
    first, *more = [*textwrap.wrap(words, DETAILS), public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id)]
    amount = grouped(entry.amount_minor, entry.currency)
    line = _line(
        f"{utc(entry.recorded_at):%Y-%m-%d %H:%M:%S}",
        utc(entry.effective_at).date().isoformat(),
        first,
        debit=amount if entry.direction is Direction.DEBIT else "",
        credit=amount if entry.direction is Direction.CREDIT else "",
        balance=grouped(entry.balance_minor, entry.currency),
    )
    return Row((line, *(_line("", "", text) for text in more)))


def _line(recorded: str, value: str, details: str, *, debit: str = "", credit: str = "", balance: str = "") -> str:
    left = GAP.join((recorded.ljust(RECORDED), value.ljust(VALUE), details.ljust(DETAILS)))
    return GAP.join((left, debit.rjust(DEBIT), credit.rjust(CREDIT), balance.rjust(BALANCE))).rstrip()


def _head(page: Page, lines: list[str], first_row: float) -> float:
    page.text(MARGIN, 44, "Account statement", font=BOLD, size=14)
    for number, line in enumerate(lines):
        page.text(MARGIN, HEAD + number * LINE, line, size=SIZE)
    return _column_heads(page, first_row)


def _head_lines(statement: Statement) -> list[str]:
    """Say whose statement it is, of when, and what it comes to."""
    account, period = statement.account, statement.period
    kept = f"{account.currency} ({EXPONENTS[account.currency]} decimals), {account.normal_balance.value} normal"
    told = [
        account.code,
        f"{public_id(Prefix.LEDGER_ACCOUNT, account.id)}, {kept}",
        f"From {instant(period.start)} up to {instant(period.end)}, read at {instant(statement.as_of)}",
        _sums(statement),
    ]
    if not statement.is_final:
        told.append("Not final: entries may still be recorded in this period.")
    return [line for text in told for line in textwrap.wrap(text, LETTERS)]


def _sums(statement: Statement) -> str:
    currency = statement.account.currency
    told = "; ".join(
        f"{turnover.count} {direction.value}s, {grouped(turnover.sum_minor, currency)}"
        for direction, turnover in ((one, statement.turnover(one)) for one in (Direction.CREDIT, Direction.DEBIT))
    )
    if statement.available_minor is None:
        return told
    return f"{told}; available when read: {grouped(statement.available_minor, currency)}"


def _running_head(page: Page, statement: Statement) -> float:
    page.text(MARGIN, 36, f"{statement.account.currency} {statement.account.code[: LETTERS - 4]}", size=SIZE)
    return _column_heads(page, FURTHER_ROW)


def _column_heads(page: Page, first_row: float) -> float:
    heads = _line("Recorded (UTC)", "Value date", "Details", debit="Debit", credit="Credit", balance="Balance")
    page.text(MARGIN, first_row - 14, heads, size=SIZE)
    page.rule(first_row - 10)
    return first_row
