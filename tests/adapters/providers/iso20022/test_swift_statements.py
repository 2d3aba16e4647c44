"""Statements as MT940, in several dialects: added up, and read for our payouts."""

import pytest

from adapters.providers.iso20022.config import Encoding
from adapters.providers.iso20022.swift_statement import read_swift_statements
from domain.bank_statements import BankStatement
from domain.money import amount_of
from domain.providers import CallbackEvent, Comeback, Decline, Rejected, Succeeded, Unknown, Unreadable
from tests.adapters.providers.iso20022.bank import swift
from tests.adapters.providers.iso20022.examples import DATA, KEY, REFERENCE, adapter

OUT = {"closing": "D261201EUR234,56"}
BACK = {"closing": "C261201EUR2234,56"}
FIELDS = f":86:116?00UEBERWEISUNG?20EREF+{REFERENCE[:22]}?21{REFERENCE[22:]}?22SVWZ+Rechnung fuer M\u00fcller"
WORDS = f":86:/EREF/{REFERENCE}//REMI/Invoice 7"


def payouts(raw: bytes) -> list[CallbackEvent]:
    said = adapter(statement_encoding=Encoding.CP850).parse_callback(raw)
    assert isinstance(said, tuple), said
    return [one for one in said if one.kind.startswith("payout.")]


def the_statement(raw: bytes, encoding: Encoding) -> BankStatement:
    read = read_swift_statements(raw, encoding)
    assert isinstance(read, tuple), read
    (statement,) = read
    return statement


@pytest.mark.parametrize("details", [FIELDS, WORDS, WORDS.replace(REFERENCE, REFERENCE.upper())])
def test_booked_debit_under_our_id_completes_the_payout(details: str) -> None:
    (event,) = payouts(swift(":61:2612011201D1234,56NTRFNONREF", details, **OUT))

    assert (event.operation_key, event.kind) == (KEY, "payout.booked")
    assert event.finding == Succeeded(REFERENCE, amount_of(123_456, "EUR"))


@pytest.mark.parametrize(
    ("line", "details", "comeback", "code"),
    [
        (":61:2612011201RD1234,56NTRFNONREF", WORDS, Comeback.REVERSED, "returned"),
        (":61:2612011201C1234,56NTRFNONREF", FIELDS.replace("116", "159"), Comeback.RETURNED, "returned"),
        (":61:2612011201C1234,56NTRFNONREF", f":86:/EREF/{REFERENCE}/RTRN/AC04/REMI/x", Comeback.RETURNED, "AC04"),
    ],
)
def test_credit_that_the_bank_marks_brings_a_payout_back(
    line: str, details: str, comeback: Comeback, code: str
) -> None:
    (event,) = payouts(swift(line, details, **BACK))

    assert isinstance(event.finding, Rejected)
    assert (event.finding.comeback, event.finding.code) == (comeback, code)
    assert event.finding.decline is Decline.HARD


@pytest.mark.parametrize("details", [FIELDS, WORDS, WORDS + "/RTRN/AC04"])
def test_money_that_somebody_sends_under_our_id_brings_no_payout_back(details: str) -> None:
    (event,) = payouts(swift(":61:2612011201C1234,56NTRFNONREF", details, **BACK))

    assert isinstance(event.finding, Unknown)


def test_our_id_in_a_text_of_somebody_else_is_no_id() -> None:
    assert payouts(swift(":61:2612011201D1234,56NTRFNONREF", f":86:/REMI/thanks /EREF/{REFERENCE}", **OUT)) == []


def test_reversed_credit_takes_money_out() -> None:
    assert payouts(swift(":61:2612011201RC1234,56NTRFNONREF", ":86:x", **OUT)) == []


def test_statement_that_does_not_add_up_is_not_believed() -> None:
    said = adapter().parse_callback(swift(":61:2612011201D1234,56NTRFNONREF", WORDS))

    assert isinstance(said, Unreadable)
    assert "does not add up" in said.reason


def test_days_that_no_calendar_has_are_taken_for_the_last_of_their_month() -> None:
    raw = swift(":61:2602300230D1,00NTRFNONREF", ":86:x", opening="C260229EUR1,00", closing="C260230EUR0,00")

    statement = the_statement(raw, Encoding.CP850)

    assert {str(one.day) for one in statement.balances} == {"2026-02-28"}
    assert str(statement.lines[0].value_on) == str(statement.lines[0].booked_on) == "2026-02-28"


def test_entry_of_the_new_year_for_a_day_of_the_old_one_is_booked_in_the_new_one() -> None:
    raw = swift(":61:2612310102D1,00NTRFNONREF", ":86:x", opening="C261231EUR1,00", closing="C270102EUR0,00")

    statement = the_statement(raw, Encoding.CP850)

    assert (str(statement.lines[0].value_on), str(statement.lines[0].booked_on)) == ("2026-12-31", "2027-01-02")


@pytest.mark.parametrize(("encoding", "sign"), [(Encoding.CP850, "ü"), (Encoding.LATIN_1, "\x81")])
def test_text_is_read_in_the_bank_s_own_encoding(encoding: Encoding, sign: str) -> None:
    raw = swift(":61:2612011201D0,00NTRFNONREF", ":86:M\u00fcller")

    statement = the_statement(raw, encoding)

    assert statement.lines[0].details[0].text == f"M{sign}ller".replace("\x81", "")


def test_envelope_of_the_network_is_no_part_of_the_statement() -> None:
    raw = b"{1:F01BANKDEFFXXXX0000000000}{2:O9400000}{3:{108:MT940}}{4:\r\n" + swift()[:-3] + b"-}{5:{CHK:1234}}\r\n"

    said = adapter().parse_callback(raw)

    assert isinstance(said, tuple)
    assert [one.kind for one in said] == ["statement.proved"]


@pytest.mark.parametrize(("name", "count"), [("cmxl_mt940.sta", 3), ("jejik_generic.sta", 2)])
def test_samples_that_nobody_here_wrote_add_up(name: str, count: int) -> None:
    said = adapter().parse_callback((DATA / "mt940" / name).read_bytes())

    assert isinstance(said, tuple)
    assert [one.kind for one in said] == ["statement.proved"] * count


def test_name_of_a_file_is_not_opened() -> None:
    path = DATA / "mt940" / "cmxl_mt940.sta"

    assert isinstance(adapter().parse_callback(str(path).encode()), Unreadable)
    assert isinstance(read_swift_statements(str(path).encode(), Encoding.CP850), Unreadable)


def test_no_line_of_a_statement_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    read_swift_statements(swift(":61:2612011201DR1234,56NTRFNONREF"), Encoding.CP852)
    read_swift_statements(swift(":61:nonsense of Anna Example"), Encoding.CP852)

    assert caplog.records == []
