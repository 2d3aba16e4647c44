"""Statements as PDF: readable, whole, the same bytes each time."""

import io
import re
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings

from adapters.statements.pdf_form import grouped, write_pdf
from adapters.statements.pdf_page import FIXED_WIDTH, HEIGHT, MARGIN, WIDTH
from domain.currencies import EXPONENTS
from domain.ids import Prefix, public_id
from domain.money import Currency
from domain.statements import Statement
from tests.adapters.statements.strategies import statements
from tests.fakes.statements import OCTOBER, History, an_account


def pages_of(statement: Statement) -> list[str]:
    """Give the text of each page."""
    reader = pypdf.PdfReader(io.BytesIO(write_pdf(statement)), strict=True)
    return [page.extract_text() for page in reader.pages]


@settings(max_examples=40)
@given(statements())
def test_every_entry_and_both_balances_can_be_read(statement: Statement) -> None:
    text = "\n".join(pages_of(statement))

    currency = statement.account.currency
    assert f"Opening balance {grouped(statement.opening_minor, currency)}" in re.sub(" +", " ", text)
    assert f"Closing balance {grouped(statement.closing_minor, currency)}" in re.sub(" +", " ", text)
    for entry in statement.entries:
        assert public_id(Prefix.LEDGER_TRANSACTION, entry.transaction_id) in text
        assert grouped(entry.amount_minor, currency) in text
        assert grouped(entry.balance_minor, currency) in text


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 27, 300])
def test_a_long_statement_goes_on_from_page_to_page_and_no_entry_is_lost(count: int) -> None:
    history = History()
    for _ in range(count):
        history.book(12_345)

    pages = pages_of(history.statement())

    told = [found for page in pages for found in re.findall(r"ltx_[0-9a-f]{32}", page)]
    assert told == [public_id(Prefix.LEDGER_TRANSACTION, one.transaction_id) for one in history.entries]
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Balance" in page


def test_no_text_leaves_the_page() -> None:
    words: dict[str, Any] = {"reference": "W" * 255, "description": "breit " * 80}
    history = History(an_account("CLF", code="a" * 200))
    for _ in range(30):
        history.book(8_999_999_999_999_999_999, **words).book(-8_999_999_999_999_999_999, **words)
    outside: list[tuple[float, float, str]] = []

    def look(text: str, _: object, matrix: list[float], __: object, size: float) -> None:
        right = matrix[4] + len(text.strip("\n")) * FIXED_WIDTH * size
        if text.strip() and not (matrix[4] >= MARGIN and right <= WIDTH and 0 < matrix[5] < HEIGHT):
            outside.append((matrix[4], matrix[5], text))

    reader = pypdf.PdfReader(io.BytesIO(write_pdf(history.statement())))
    for page in reader.pages:
        page.extract_text(visitor_text=look)

    assert outside == []
    assert len(reader.pages) > 10


@pytest.mark.parametrize(
    ("currency", "minor", "told"),
    [("JPY", -1_234_567, "-1,234,567"), ("EUR", 5, "0.05"), ("KWD", 1_000_005, "1,000.005"), ("CLF", -1, "-0.0001")],
)
def test_amounts_are_grouped_and_have_the_decimals_of_their_currency(currency: str, minor: int, told: str) -> None:
    assert grouped(minor, Currency(currency)) == told
    assert len(told.partition(".")[2]) == EXPONENTS[currency]


def test_the_same_statement_is_the_same_file() -> None:
    statement = History().book(5, description="Müller (1) \\ नेपाल").statement()

    assert write_pdf(statement) == write_pdf(statement)
    (page,) = pages_of(statement)
    assert "Müller (1) \\ ?????" in page
    assert "Not final" not in page


def test_a_statement_that_may_still_grow_says_so_and_what_is_available() -> None:
    (page,) = pages_of(History().book(500).statement(as_of=OCTOBER.start))

    assert "Not final" in page
    assert "available when read: 5.00" in page
