"""Statements as CSV: they add up in the reader's own arithmetic, and hold nothing that a spreadsheet would run."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.statements.csv_form import COLUMNS, guarded, write_csv
from domain.currencies import EXPONENTS
from domain.ledger import Direction
from domain.statements import Statement
from tests.adapters.statements.strategies import statements
from tests.fakes.statements import History, an_account

DANGEROUS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 -- full width on purpose
WRITTEN_BY_PEOPLE = ("reference", "description", "kind")
AMOUNTS = ("amount", "balance", "debit", "credit")


def rows_of(statement: Statement) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(write_csv(statement).decode(), newline="")))


@given(statements())
def test_opening_and_the_sum_of_amounts_are_the_closing_balance(statement: Statement) -> None:
    opening, *entries, closing = rows_of(statement)

    total = sum((Decimal(row["amount"]) for row in entries), Decimal(opening["balance"]))

    assert (opening["row"], {row["row"] for row in entries} - {"entry"}, closing["row"]) == (
        "opening",
        set(),
        "closing",
    )
    assert total == Decimal(closing["balance"])
    scale = Decimal(10) ** EXPONENTS[statement.account.currency]
    assert total * scale == statement.closing_minor


@given(statements())
def test_every_row_is_whole_and_every_amount_has_the_decimals_of_its_currency(statement: Statement) -> None:
    exponent = EXPONENTS[statement.account.currency]

    for row in rows_of(statement):
        assert tuple(row) == COLUMNS
        assert row["currency"] == statement.account.currency
        for name in AMOUNTS:
            assert row[name] == "" or len(row[name].partition(".")[2]) == exponent, row


@given(statements())
def test_what_people_wrote_comes_back_as_it_was(statement: Statement) -> None:
    _, *rows, _ = rows_of(statement)

    for row, entry in zip(rows, statement.entries, strict=True):
        for name in WRITTEN_BY_PEOPLE:
            assert row[name].removeprefix("'") == (getattr(entry, name) or "")


@given(st.text(max_size=20) | st.sampled_from(["=1+1", " =1", "'=1", "'", "-2", "@SUM(A1)", "\t=1", "\r=1"]))
def test_no_text_begins_a_formula_and_each_can_be_had_back(text: str) -> None:
    told = guarded(text)

    assert not told.lstrip(" ")[:1] or told.lstrip(" ")[0] not in DANGEROUS
    assert told.removeprefix("'") == text


@pytest.mark.parametrize(
    ("currency", "minor", "told"),
    [("JPY", -1000, "-1000"), ("EUR", 5, "0.05"), ("KWD", -5, "-0.005"), ("CLF", 12345, "1.2345")],
)
def test_amounts_are_major_units_with_their_sign(currency: str, minor: int, told: str) -> None:
    _, row, closing = rows_of(History(an_account(currency)).book(minor).statement())

    assert (row["amount"], row["balance"], closing["balance"]) == (told, told, told)
    assert (row["credit"], row["debit"]) == ((told, "") if minor > 0 else ("", told.lstrip("-")))


def test_a_debit_raises_an_account_that_stands_on_that_side() -> None:
    _, row, _ = rows_of(History(an_account(normal_balance=Direction.DEBIT)).book(150).statement())

    assert (row["debit"], row["credit"], row["amount"], row["balance"]) == ("1.50", "", "1.50", "1.50")


def test_lines_end_as_the_standard_says() -> None:
    written = write_csv(History().book(1, description='a "quoted", word\nand a line').statement())

    assert written.startswith(b"row,recorded_at,")
    assert written.count(b"\r\n") == 4
    assert b'"a ""quoted"", word\nand a line"' in written
