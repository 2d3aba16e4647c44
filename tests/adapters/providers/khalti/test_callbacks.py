"""What the customer's browser brings back from Khalti: a hint, whoever wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.providers import CallbackEvent, OperationKind, Unreadable
from tests.adapters.providers.khalti.examples import ADAPTER, PIDX

QUERY = (
    f"pidx={PIDX}&txnId=4H7AhoXDJWg5WjrcPT9ixW&amount=1000&total_amount=1000&status=Completed&mobile=98XXXXX904"
    "&tidx=4H7AhoXDJWg5WjrcPT9ixW&purchase_order_id=opn_1&purchase_order_name=test&transaction_id=4H7AhoXDJWg5WjrcPT9ixW"
).encode()


def one(raw: bytes) -> CallbackEvent:
    said = ADAPTER.parse_callback(raw)
    assert not isinstance(said, Unreadable), said
    (event,) = said
    return event


def test_hint_names_the_payment_and_says_nothing_of_its_state() -> None:
    event = one(QUERY)

    assert (event.operation_key, event.provider_reference) == ("opn_1", PIDX)
    assert (event.kind, event.operation_kind) == ("payment.returned", OperationKind.AUTHORIZE)
    assert event.finding is None


def test_unsigned_scheme_passes_everything_and_is_declared_so() -> None:
    ADAPTER.verify_callback(b"anything at all", {}, secrets=(), now_seconds=0)

    assert ADAPTER.manifest.callbacks is not None
    assert ADAPTER.manifest.callbacks.signature is None
    assert not ADAPTER.manifest.callbacks.is_authoritative


def test_forged_hint_does_not_take_the_place_of_the_genuine_one() -> None:
    forged = QUERY.replace(b"4H7AhoXDJWg5WjrcPT9ixW", b"")

    assert one(QUERY).event_id == one(QUERY).event_id
    assert one(forged).event_id != one(QUERY).event_id


def test_order_that_is_no_key_of_ours_is_left_out() -> None:
    assert one(f"pidx={PIDX}&purchase_order_id=%00%27%3B--".encode()).operation_key is None
    assert one(f"pidx={PIDX}".encode()).operation_key is None


def test_first_of_a_repeated_word_counts() -> None:
    assert one(QUERY + b"&pidx=other&purchase_order_id=opn_9").operation_key == "opn_1"


@pytest.mark.parametrize(
    "raw", [b"", b"pidx=", b"pidx=a%20b", b"pidx=%00", b"status=Completed", b"pidx=\xff", b"&" * 60]
)
def test_query_without_a_payment_is_unreadable(raw: bytes) -> None:
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)


@given(st.binary(max_size=200) | st.builds(lambda tail: QUERY + tail, st.binary(max_size=60)))
def test_every_query_is_read_or_unreadable_and_leaves_nothing_that_a_database_refuses(raw: bytes) -> None:
    said = ADAPTER.parse_callback(raw)

    if not isinstance(said, Unreadable):
        for text in (said[0].event_id, said[0].operation_key or "", said[0].provider_reference or ""):
            assert text.isascii()
            assert text.isprintable()
            assert len(text) <= 120
