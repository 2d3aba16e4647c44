"""No file breaks the adapter: any bytes mean something or are unreadable, and no file reads another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.providers.iso20022.documents import MARKS_MAX
from application.ports.drop_folders import FILE_MAX_BYTES
from domain.providers import CallbackEvent, Unreadable
from tests.adapters.providers.iso20022.bank import detail, entry, report, swift
from tests.adapters.providers.iso20022.examples import DATA, REFERENCE, adapter

ADAPTER = adapter()
FILES = [
    *(path.read_bytes() for folder in ("camt", "mt940") for path in sorted((DATA / folder).glob("*[!E]"))),
    (DATA / "iso20022" / "pain002_sample.xml").read_bytes(),
    report(entry("1.00", "DBIT", detail(returned="AC04", instructed="1.00")), opening="1.00", closing="0.00"),
    swift(":61:2612011201D1,00NTRFNONREF", f":86:/EREF/{REFERENCE}", closing="C261201EUR999,00"),
]
OPEN = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
CLOSE = b"</BkToCstmrStmt></Document>"


def read(raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    said = ADAPTER.parse_callback(raw)
    assert isinstance(said, Unreadable) or (said and all(isinstance(one, CallbackEvent) for one in said))
    return said


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(raw: bytes) -> None:
    read(raw)


@settings(deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=40))
def test_any_file_with_a_piece_torn_out_and_another_put_in_is_read_or_unreadable(
    raw: bytes, at: int, gone: int, instead: bytes
) -> None:
    at %= len(raw)
    read(raw[:at] + instead + raw[at + gone :])


FIELDS = [
    *(":20:a", ":25:b", ":28C:1/1", ":60F:C130230EUR1,", ":60M:D130101XXX,1", ":62F:C1301", ":62F:C130201EUR0,00"),
    *(":61:", ":61:130230D1,N", ":61:1302300230RC1,00NTRFa//b", ":86:?20EREF+x", ":86:/EREF/", ":90D:", ":99:"),
    *(":13:", ":34F:EUR", ":NS:x", "{4:", "-}", "-"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(FIELDS) | st.text(max_size=9), max_size=12))
def test_any_order_of_fields_is_read_or_unreadable(lines: list[str]) -> None:
    read("\n".join([":20:x", *lines]).encode())


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE Document [<!ENTITY a "b">]>',
        b'<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE Document SYSTEM "file:///etc/hostname">',
        b'<!DOCTYPE Document [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_document_type_is_refused(head: bytes) -> None:
    said = read(head + OPEN + CLOSE)

    assert isinstance(said, Unreadable)
    assert "DTD" in said.reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<Document/>",
        OPEN + CLOSE,
        OPEN.replace(b"camt.053.001.08", b"camt.053.001.99") + CLOSE,
        OPEN.replace(b"urn:iso:std:iso:20022:tech:xsd", b"urn:nobody") + b"<Stmt/>" + CLOSE,
        OPEN.replace(b"<BkToCstmrStmt", b'<x:BkToCstmrStmt xmlns:x="urn:x"') + b"<Stmt/></x:BkToCstmrStmt></Document>",
        b'<?xml version="1.0" encoding="nobody"?>' + OPEN + CLOSE,
        OPEN + b"<Stmt><Ntry/></Stmt>" + CLOSE,
        OPEN + b'<Stmt><Bal><Amt Ccy="EUR">1e9</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal></Stmt>' + CLOSE,
        OPEN + b'<Stmt><Ntry><Amt Ccy="EUR">-1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry></Stmt>' + CLOSE,
        b":20:x",
    ],
)
def test_what_is_no_message_of_a_bank_is_unreadable(raw: bytes) -> None:
    assert isinstance(read(raw), Unreadable)


def test_deep_and_wide_trees_and_large_files_are_refused_before_they_are_built() -> None:
    assert isinstance(read(OPEN + b"<a>" * MARKS_MAX + CLOSE), Unreadable)
    assert isinstance(read(OPEN + b"<a/>" * MARKS_MAX + CLOSE), Unreadable)
    assert isinstance(read(b"<" + b" " * FILE_MAX_BYTES), Unreadable)
    assert isinstance(read(b":20:" + b" " * FILE_MAX_BYTES), Unreadable)


def test_deepest_tree_that_is_built_is_read_and_taken_down_again() -> None:
    deep = 200_000

    assert isinstance(read(OPEN + b"<a>" * deep + b"</a>" * deep + CLOSE), Unreadable)


def test_file_in_wide_characters_is_read() -> None:
    text = report(entry("1.00", "DBIT", detail()), opening="1.00", closing="0.00").decode().replace("UTF-8", "UTF-16")

    assert isinstance(read(text.encode("utf-16")), tuple)
