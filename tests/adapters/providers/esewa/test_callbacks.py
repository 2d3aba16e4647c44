"""What eSewa's customer brings back: signed over the literal words, or a bare hint that it failed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, Unreadable
from tests.adapters.providers.esewa.examples import ADAPTER, CALLBACKS, CREDENTIALS, way_back


def verify(raw: bytes, *secrets: str) -> None:
    ADAPTER.verify_callback(raw, {}, secrets=secrets or CREDENTIALS.callback_secrets, now_seconds=0)


def refused(raw: bytes, *secrets: str) -> bool:
    try:
        verify(raw, *secrets)
    except MediatorError as refusal:
        return refusal.entry is CALLBACK_REFUSED
    return False


def one(raw: bytes) -> CallbackEvent:
    said = ADAPTER.parse_callback(raw)
    assert not isinstance(said, Unreadable), said
    (event,) = said
    return event


@pytest.mark.parametrize("vector", CALLBACKS, ids=lambda vector: vector["data"]["total_amount"])
def test_published_ways_back_are_authentic_under_the_published_key_only(vector: dict[str, str]) -> None:
    raw = b"data=" + vector["base64"].encode()

    verify(raw)

    assert refused(raw, "another key")
    assert one(raw).operation_key == vector["data"]["transaction_uuid"].replace("-", "_")  # type: ignore[index]  # nested


@pytest.mark.parametrize("literal", ["1000.0", '"1000.0"', '"1,000.0"', "1000", '"1000"', "1000.00"])
def test_signature_is_over_the_literal_as_it_was_written(literal: str) -> None:
    verify(way_back(literal=literal))


def test_literal_that_is_equal_but_written_otherwise_is_not_what_was_signed() -> None:
    assert refused(way_back(literal="1000.0", signed="1000"))
    assert refused(way_back(literal='"1,000.0"', signed="1000.0"))


@pytest.mark.parametrize("name", ["transaction_code", "status", "total_amount", "transaction_uuid", "product_code"])
def test_changed_field_is_refused(name: str) -> None:
    raw = base64.b64decode(way_back(transaction_code="CODE", product_code="PRODUCT")[5:])
    field = {
        "transaction_code": b"CODE",
        "status": b"COMPLETE",
        "total_amount": b"1000.0",
        "transaction_uuid": b"opn-1",
    }

    changed = raw.replace(field.get(name, b"PRODUCT"), b"7", 1)

    assert changed != raw
    assert refused(b"data=" + base64.b64encode(changed))


@pytest.mark.parametrize(
    "names",
    [
        "",
        "transaction_code",
        "total_amount,transaction_uuid,product_code",
        "status,total_amount,product_code",
        "status,total_amount,transaction_uuid,product_code,absent",
        ",".join(["status,total_amount,transaction_uuid,product_code"] * 6),
    ],
)
def test_what_decides_must_be_among_what_is_signed(names: str) -> None:
    assert refused(way_back(signed_field_names=names))


def test_each_live_secret_verifies_and_none_that_is_gone() -> None:
    verify(way_back("test_key_of_tomorrow"))

    assert refused(way_back("test_key_of_yesterday"))
    assert refused(way_back(), "test_key_of_tomorrow")


@pytest.mark.parametrize(
    "raw",
    [
        b"data=%%%",
        b"data=e30=",
        b"data=" + base64.b64encode(b'{"signature":"\\ud800"}'),
        b"data=" + base64.b64encode(b'{"status":"COMPLETE","status":"COMPLETE"}'),
        b"data=" + b"A" * 10_000,
        b"failed=opn-1&data=e30=",
    ],
)
def test_garbage_where_a_signature_belongs_is_refused(raw: bytes) -> None:
    assert refused(raw)


def test_half_a_character_among_what_is_signed_is_refused_and_breaks_nothing() -> None:
    raw = base64.b64decode(way_back()[5:])

    for name in (b'"signature":"', b'"transaction_code":"', b'"status":"'):
        assert refused(b"data=" + base64.b64encode(raw.replace(name, name + b"\\ud800")))


def test_browser_may_have_turned_a_plus_into_a_space() -> None:
    raw = way_back(transaction_code="~~~>>>???")
    assert b"+" in raw or b"/" in raw

    verify(raw.replace(b"+", b" "))
    verify(raw.replace(b"+", b"%2B").replace(b"=", b"%3D").replace(b"data%3D", b"data="))


def test_hint_of_a_failure_is_unsigned_and_names_the_payment() -> None:
    verify(b"failed=opn-1")

    assert one(b"failed=opn-1").operation_key == "opn_1"
    assert one(b"failed=opn-1?data=e30=").operation_key == "opn_1"
    assert one(b"failed=opn-1").finding is None


def test_signed_word_is_a_hint_as_well() -> None:
    event = one(way_back())

    assert (event.operation_key, event.provider_reference, event.finding) == ("opn_1", "opn-1", None)
    assert ADAPTER.manifest.callbacks is not None
    assert not ADAPTER.manifest.callbacks.is_authoritative


def test_only_the_same_words_are_the_same_event() -> None:
    assert one(way_back()).event_id == one(way_back()).event_id
    assert one(way_back()).event_id != one(way_back(status="PENDING")).event_id


@pytest.mark.parametrize("raw", [b"", b"failed=", b"failed=a_b", b"failed=%00", b"data=e30=", b"\xff", b"&" * 60])
def test_query_without_a_transaction_is_unreadable(raw: bytes) -> None:
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)


@given(
    st.binary(max_size=200)
    | st.builds(lambda raw: b"data=" + base64.b64encode(raw), st.binary(max_size=100))
    | st.builds(lambda text: b"data=" + base64.b64encode(text.encode("utf-8", "surrogatepass")), st.text(max_size=60))
)
def test_every_query_is_refused_or_passes_and_is_read_or_not(raw: bytes) -> None:
    refused(raw)  # raises nothing but a refusal

    said = ADAPTER.parse_callback(raw)
    if not isinstance(said, Unreadable):
        assert said[0].event_id.isascii()
        assert said[0].event_id.isprintable()
