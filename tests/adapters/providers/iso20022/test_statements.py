"""Statements in XML: each is added up, and says of our payouts what the bank has booked and nothing more."""

from pathlib import Path

import pytest

from adapters.providers.iso20022.camt import read_account_report
from adapters.providers.iso20022.documents import read_document
from domain.money import Currency, Money, amount_of
from domain.providers import AcceptedPending, CallbackEvent, Comeback, Decline, Rejected, Succeeded, Unknown, Unreadable
from tests.adapters.providers.iso20022.bank import detail, entry, report
from tests.adapters.providers.iso20022.examples import DATA, KEY, REFERENCE, adapter

VERSIONS = pytest.mark.parametrize("message", ["camt.053.001.02", "camt.053.001.08", "camt.054.001.08"])
PAID = Succeeded(REFERENCE, amount_of(123_456, "EUR"))
OUT = {"opening": "2000.00", "closing": "765.44"}
BACK = {"opening": "1000.00", "closing": "2234.56"}
OTHER = "opn" + "f" * 32


def read(raw: bytes) -> tuple[CallbackEvent, ...]:
    said = adapter().parse_callback(raw)
    assert isinstance(said, tuple), said
    return said


def payouts(raw: bytes) -> list[CallbackEvent]:
    return [one for one in read(raw) if one.kind.startswith("payout.")]


@VERSIONS
def test_booked_debit_under_our_id_completes_the_payout(message: str) -> None:
    raw = report(entry("1234.56", "DBIT", detail(), message=message), message=message, **OUT)

    (event,) = payouts(raw)

    assert (event.kind, event.operation_key, event.provider_reference) == ("payout.booked", KEY, REFERENCE)
    assert event.finding == PAID


def test_pending_entry_is_under_way_and_one_for_information_says_nothing() -> None:
    (event,) = payouts(
        report(entry("1234.56", "DBIT", detail(), status="PDNG"), entry("1234.56", "DBIT", detail(), status="INFO"))
    )

    assert event.finding == AcceptedPending(REFERENCE)


def test_amount_is_the_instructed_one_where_it_is_told() -> None:
    (event,) = payouts(
        report(entry("1240.00", "DBIT", detail(instructed="1234.56")), opening="2000.00", closing="760.00")
    )

    assert event.finding == PAID


def test_batch_of_many_transfers_tells_each_its_own_amount() -> None:
    batch = entry("1300.00", "DBIT", detail(own="1234.56"), detail(ref=OTHER, own="65.44"), detail(ref="not ours"))

    ours, other = payouts(report(batch, opening="2000.00", closing="700.00"))

    assert ours.finding == PAID
    assert other.finding == Succeeded(OTHER, amount_of(6_544, "EUR"))


def test_transfer_in_a_batch_without_an_amount_of_its_own_stays_unknown() -> None:
    batch = entry("1300.00", "DBIT", detail(), detail(ref=OTHER, own="65.44"))

    ours, _ = payouts(report(batch, opening="2000.00", closing="700.00"))

    assert isinstance(ours.finding, Unknown)


def test_batch_that_lists_no_transfer_is_known_by_the_id_of_our_file() -> None:
    (event,) = payouts(report(entry("1234.56", "DBIT", detail(batch=REFERENCE.upper())), **OUT))

    assert (event.operation_key, event.finding) == (KEY, PAID)


def test_returned_payout_names_its_reason() -> None:
    (event,) = payouts(report(entry("1234.56", "CRDT", detail(returned="AC04")), **BACK))

    assert event.kind == "payout.returned"
    assert event.finding == Rejected(
        "AC04", Decline.HARD, "The bank booked it back with AC04.", REFERENCE, Comeback.RETURNED
    )


@pytest.mark.parametrize(
    ("changes", "comeback"), [({"reversal": True}, Comeback.REVERSED), ({"code": "RRTN"}, Comeback.RETURNED)]
)
def test_credit_that_the_bank_marks_brings_a_payout_back(changes: dict[str, object], comeback: Comeback) -> None:
    (event,) = payouts(report(entry("1234.56", "CRDT", detail(), **changes), **BACK))  # type: ignore[arg-type]  # by name

    assert isinstance(event.finding, Rejected)
    assert event.finding.comeback is comeback


def test_money_that_somebody_sends_under_our_id_brings_no_payout_back() -> None:
    (event,) = payouts(report(entry("0.01", "CRDT", detail()), closing="1000.01"))

    assert isinstance(event.finding, Unknown)


def test_payout_that_comes_back_with_less_leaves_doubt() -> None:
    raw = report(entry("1230.00", "CRDT", detail(returned="AC04", instructed="1234.56")), closing="2230.00")

    (event,) = payouts(raw)

    assert isinstance(event.finding, Unknown)


def test_return_that_is_taken_back_leaves_doubt() -> None:
    (event,) = payouts(report(entry("1234.56", "DBIT", detail(), reversal=True), **OUT))

    assert isinstance(event.finding, Unknown)


@pytest.mark.parametrize("closing", ["765.43", "2000.00", "-765.44"])
def test_statement_that_does_not_add_up_is_not_believed(closing: str) -> None:
    said = adapter().parse_callback(report(entry("1234.56", "DBIT", detail()), opening="2000.00", closing=closing))

    assert isinstance(said, Unreadable)
    assert "does not add up" in said.reason


def test_pending_entries_are_no_part_of_the_balance() -> None:
    (_, statement) = read(report(entry("5.00", "DBIT", detail(), status="PDNG")))

    assert statement.kind == "statement.proved"


def test_page_of_several_is_not_added_up_and_says_so() -> None:
    page = "<StmtPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>"

    said = read(report(entry("1234.56", "DBIT", detail()), page=page))

    assert [one.kind for one in said] == ["payout.booked", "statement.unproved"]


def test_line_in_a_currency_without_balances_is_not_proved() -> None:
    (statement,) = read(report(entry("5", "DBIT", currency="JPY")))

    assert statement.kind == "statement.unproved"


def test_parts_of_a_minor_unit_and_amounts_of_nothing_are_added_up_and_are_no_money_of_ours() -> None:
    entries = (entry("0.00001", "DBIT", detail()), entry("0", "DBIT", detail()), entry("0.00000", "CRDT"))

    part, nothing = payouts(report(*entries, opening="1.00001", closing="1.00000"))

    assert isinstance(part.finding, Unknown)
    assert nothing.finding == Succeeded(REFERENCE, Money(0, Currency("EUR")))


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("<Dt>2026-12-01</Dt>", "2026-12-01"),
        ("<DtTm>2026-12-01T23:59:59+14:00</DtTm>", "2026-12-01"),
        ("<Dt>2026-12-01T08:00:00</Dt>", "2026-12-01"),
        ("<Dt>2026-02-30</Dt>", "None"),
        ("<Dt>soon</Dt>", "None"),
    ],
)
def test_day_is_read_in_whatever_form_it_comes(told: str, day: str) -> None:
    usual = report(entry("1.00", "CRDT"), opening="0", closing="1.00")
    raw = usual.replace(b"<BookgDt><Dt>2026-12-01</Dt>", f"<BookgDt>{told}".encode())
    document = read_document(raw)
    assert isinstance(document, tuple)

    read = read_account_report(*document)

    assert isinstance(read, tuple)
    assert str(read[0].lines[0].booked_on) == day


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("camt/camt053.v8.xml", ["statement.unproved"]),
        ("camt/camt054.v8-with-UETR.xml", ["statement.unproved"]),
        ("iso20022/camt053_sample.xml", ["statement.unproved"]),
    ],
)
def test_samples_that_nobody_here_wrote_are_read(name: str, kinds: list[str]) -> None:
    assert [one.kind for one in read((DATA / name).read_bytes())] == kinds


def test_sample_whose_balances_are_made_up_is_told_by_how_much() -> None:
    said = adapter().parse_callback((DATA / "camt" / "camt053.v2.all-balance-types.xml").read_bytes())

    assert isinstance(said, Unreadable)
    assert "1.01 EUR and 8.850 booked make 9.860, not 4.04" in said.reason


@pytest.mark.parametrize("path", sorted((DATA / "iso20022" / "market").iterdir()), ids=lambda path: path.name)
def test_orders_that_came_back_to_us_are_not_taken_for_answers(path: Path) -> None:
    said = adapter().parse_callback(path.read_bytes())

    assert isinstance(said, Unreadable)
    assert "no message that we read" in said.reason
