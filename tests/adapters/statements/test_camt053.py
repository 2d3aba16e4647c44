"""Statements as camt.053: valid against the schema whatever was booked, and the same figures as ours."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from adapters.statements.camt053 import NAMESPACE, NOT_PROVIDED, fits_scheme, write_camt053
from adapters.statements.words import one_line
from domain.currencies import EXPONENTS
from domain.errors import LEDGER_STATEMENT_TOO_LARGE, MediatorError
from domain.ids import LedgerTransactionId
from domain.ledger import Direction
from domain.statements import Statement
from tests.adapters.statements.strategies import SCHEME_BOUND, statements
from tests.fakes.statements import OCTOBER, READ, History, an_account

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "data" / "iso20022" / "camt.053.001.08.xsd")
SIGN = {"CRDT": 1, "DBIT": -1}


def stated(statement: Statement) -> ET.Element:
    """Write a statement, check it against the schema, and give its one `Stmt`."""
    written = write_camt053(statement)
    SCHEMA.validate(written.decode())
    found = ET.fromstring(written).findall(f".//{{{NAMESPACE}}}Stmt")  # noqa: S314 -- we wrote it
    assert len(found) == 1
    return found[0]


def texts(node: ET.Element, path: str) -> list[str]:
    """Give the texts of what lies below along a path of names."""
    steps = "/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/"))
    return [found.text or "" for found in node.findall(steps)]


def all_below(node: ET.Element, name: str) -> list[ET.Element]:
    return node.findall(f".//{{{NAMESPACE}}}{name}")


def balances(node: ET.Element) -> dict[str, Decimal]:
    """Give the balances by their type, positive in credit."""
    codes, amounts = texts(node, "Bal/Tp/CdOrPrtry/Cd"), texts(node, "Bal/Amt")
    sides = texts(node, "Bal/CdtDbtInd")
    return {code: SIGN[side] * Decimal(amount) for code, amount, side in zip(codes, amounts, sides, strict=True)}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(statements(bound=SCHEME_BOUND))
def test_every_statement_is_valid_and_adds_up(statement: Statement) -> None:
    node = stated(statement)

    told = balances(node)
    booked = sum(
        SIGN[side] * Decimal(amount)
        for side, amount in zip(texts(node, "Ntry/CdtDbtInd"), texts(node, "Ntry/Amt"), strict=True)
    )
    assert told["OPBD"] + booked == told["CLBD"]
    sign = 1 if statement.account.normal_balance is Direction.CREDIT else -1
    scale = Decimal(10) ** EXPONENTS[statement.account.currency]
    assert told["CLBD"] * scale == sign * statement.closing_minor


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(statements(bound=SCHEME_BOUND // 100))
def test_the_summary_counts_and_adds_the_entries(statement: Statement) -> None:
    node = stated(statement)

    amounts = [Decimal(text) for text in texts(node, "Ntry/Amt")]
    sides = texts(node, "Ntry/CdtDbtInd")
    for tag, wanted in (("TtlCdtNtries", {"CRDT"}), ("TtlDbtNtries", {"DBIT"}), ("TtlNtries", {"CRDT", "DBIT"})):
        mine = [amount for amount, side in zip(amounts, sides, strict=True) if side in wanted]
        assert texts(node, f"TxsSummry/{tag}/NbOfNtries") == [str(len(mine))]
        assert Decimal(texts(node, f"TxsSummry/{tag}/Sum")[0]) == sum(mine)
    net = sum(SIGN[side] * amount for side, amount in zip(sides, amounts, strict=True))
    (told,) = texts(node, "TxsSummry/TtlNtries/TtlNetNtry/Amt")
    (side,) = texts(node, "TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd")
    assert SIGN[side] * Decimal(told) == net


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(statements(bound=SCHEME_BOUND))
def test_every_amount_has_its_currency_exactly_its_decimals_and_no_sign(statement: Statement) -> None:
    exponent = EXPONENTS[statement.account.currency]
    form = rf"\d+\.\d{{{exponent}}}" if exponent else r"\d+"

    amounts = [one for one in all_below(stated(statement), "Amt") if "Ccy" in one.attrib]

    assert len(amounts) >= len(statement.entries) + 2
    for amount in amounts:
        assert amount.attrib == {"Ccy": statement.account.currency}
        assert re.fullmatch(form, amount.text or "", re.ASCII)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(statements(bound=SCHEME_BOUND))
def test_references_keep_to_the_scheme_and_nothing_that_people_wrote_is_lost(statement: Statement) -> None:
    node = stated(statement)

    for told, entry in zip(all_below(node, "Ntry"), statement.entries, strict=True):
        (reference,) = texts(told, "NtryDtls/TxDtls/Refs/EndToEndId")
        assert re.fullmatch(r"[A-Za-z0-9/?:().,'+ -]{1,35}", reference)
        written = texts(told, "NtryDtls/TxDtls/RmtInf/Ustrd")
        whole = "".join(written)
        expected = one_line(entry.description)
        assert whole == expected if reference == entry.reference else whole == one_line(entry.reference) + expected
        assert reference in {entry.reference, NOT_PROVIDED}


@pytest.mark.parametrize(
    ("currency", "minor", "told"),
    [("JPY", 1000, "1000"), ("EUR", 5, "0.05"), ("KWD", 5, "0.005"), ("CLF", 12345, "1.2345")],
)
@pytest.mark.parametrize("normal_balance", Direction)
@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_is_told_in_the_decimals_of_its_currency_on_the_side_of_our_books(
    currency: str, minor: int, told: str, normal_balance: Direction, sign: int
) -> None:
    node = stated(History(an_account(currency, normal_balance)).book(sign * minor).statement())

    in_credit = (sign > 0) == (normal_balance is Direction.CREDIT)
    assert texts(node, "Ntry/Amt") == [told]
    assert texts(node, "Ntry/CdtDbtInd") == ["CRDT" if in_credit else "DBIT"]
    assert texts(node, "Bal/CdtDbtInd") == ["CRDT", "CRDT" if in_credit else "DBIT"]
    assert texts(node, "Bal/Amt")[1] == told


def test_an_entry_says_when_it_was_booked_for_which_day_it_counts_and_which_transaction_it_is() -> None:
    history = History().book(5, reference="invoice/7", effective_at=OCTOBER.start, kind="transfer")
    (entry,) = history.entries

    node = stated(history.statement())

    assert texts(node, "Ntry/Sts/Cd") == ["BOOK"]
    assert texts(node, "Ntry/BookgDt/DtTm") == ["2026-10-15T12:00:00Z"]
    assert texts(node, "Ntry/ValDt/Dt") == ["2026-10-01"]
    assert texts(node, "Ntry/AcctSvcrRef") == [entry.transaction_id.hex]
    assert texts(node, "Ntry/NtryDtls/TxDtls/Refs/EndToEndId") == ["invoice/7"]
    assert texts(node, "Ntry/BkTxCd/Prtry/Cd") == ["transfer"]
    assert texts(node, "Ntry/RvslInd") == []


def test_a_reversal_is_marked_and_names_what_it_reverses() -> None:
    reversed_id = LedgerTransactionId(uuid7())
    node = stated(History().book(5).book(-5, kind="reversal", reverses_id=reversed_id).statement())

    assert texts(node, "Ntry/RvslInd") == ["true"]
    assert texts(node, "Ntry/NtryDtls/TxDtls/Refs/Prtry/Ref") == [reversed_id.hex]


def test_a_period_that_is_over_has_its_booked_balances_dated_by_its_first_and_last_day() -> None:
    node = stated(History(opening_minor=7).book(5).statement())

    assert texts(node, "Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD"]
    assert texts(node, "Bal/Dt/Dt") == ["2026-10-01", "2026-10-31"]
    assert texts(node, "FrToDt/FrDtTm") == ["2026-10-01T00:00:00Z"]
    assert texts(node, "FrToDt/ToDtTm") == ["2026-11-01T00:00:00Z"]
    assert "Not final" not in texts(node, "AddtlStmtInf")[0]


def test_a_period_that_is_not_over_has_what_is_available_and_says_that_more_may_come() -> None:
    node = stated(History(opening_minor=7).book(5).statement(as_of=OCTOBER.end - timedelta(days=3)))

    assert balances(node) == {"OPBD": Decimal("0.07"), "CLBD": Decimal("0.12"), "CLAV": Decimal("0.12")}
    assert texts(node, "Bal/Dt/Dt") == ["2026-10-01", "2026-10-29"]
    assert texts(node, "Bal/Dt/DtTm") == ["2026-10-29T00:00:00Z"]
    assert "Not final" in texts(node, "AddtlStmtInf")[0]


def test_an_amount_of_more_digits_than_the_scheme_has_is_refused() -> None:
    assert stated(History().book(SCHEME_BOUND).statement()) is not None

    with pytest.raises(MediatorError) as refused:
        write_camt053(History().book(SCHEME_BOUND + 1).statement())
    assert refused.value.entry is LEDGER_STATEMENT_TOO_LARGE


def test_a_sum_of_more_digits_than_the_scheme_has_is_left_out_and_the_count_stays() -> None:
    node = stated(History().book(SCHEME_BOUND).book(-SCHEME_BOUND).book(SCHEME_BOUND).statement())

    assert texts(node, "TxsSummry/TtlCdtNtries/NbOfNtries") == ["2"]
    assert texts(node, "TxsSummry/TtlCdtNtries/Sum") == []
    assert texts(node, "TxsSummry/TtlDbtNtries/Sum") == ["9999999999999999.99"]


@pytest.mark.parametrize("reference", ["a", "A-1", "a/b", "12:3(4)", "x" * 35, "a b", "+1,2.3'?"])
def test_a_reference_of_the_scheme_is_told_as_it_is(reference: str) -> None:
    assert fits_scheme(reference)


@pytest.mark.parametrize("reference", ["", "/a", "a/", "a//b", " a", "a ", "ä", "a_b", "a\n", "x" * 36, "नेपाल", "a&b"])
def test_a_reference_outside_of_the_scheme_is_told_as_text(reference: str) -> None:
    assert not fits_scheme(reference)


def test_the_same_statement_is_the_same_file_and_another_has_another_id() -> None:
    history = History().book(5)
    first, later = history.statement(), history.statement(as_of=READ + timedelta(days=1))

    assert write_camt053(first) == write_camt053(history.statement())
    assert texts(stated(first), "Id") == texts(stated(later), "Id")
    assert texts(stated(first), "Id") != texts(stated(history.book(5).statement()), "Id")


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        (b"<CdtDbtInd>CRDT", b"<CdtDbtInd>CREDIT"),
        (b'Ccy="EUR"', b'Ccy="eur"'),
        (b">0.05<", b">-0.05<"),
        (b"<Ccy>", b"<Cy>"),
    ],
)
def test_the_schema_refuses_what_is_wrong(pattern: bytes, wrong: bytes) -> None:
    written = write_camt053(History().book(5).statement())
    assert pattern in written

    assert not SCHEMA.is_valid(
        written.replace(pattern, wrong).replace(b"</Ccy>", b"</Cy>" if b"<Cy>" in wrong else b"</Ccy>").decode()
    )
