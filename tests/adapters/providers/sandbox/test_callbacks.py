"""Which callbacks are believed, and which are not."""

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, Unreadable
from tests.adapters.providers.sandbox.examples import ADAPTER, CREDENTIALS, charge

NOW = 1_700_000_000
EVENT = msgspec.json.encode(
    {
        "id": "evt_1",
        "type": "charge.captured",
        "created": NOW,
        "sequence": 2,
        "operation_key": "op_1",
        "charge": charge(),
        "refund": None,
    }
)


def mac(raw: bytes = EVENT, *, at: int = NOW, secret: str = "whsec_new") -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()


def signed(raw: bytes = EVENT, *, at: int = NOW, secret: str = "whsec_new") -> str:
    return f"t={at},v1={mac(raw, at=at, secret=secret)}"


def read(raw: bytes, signature: str | None, *, now: float = NOW) -> CallbackEvent:
    headers = {} if signature is None else {"sandbox-signature": signature}
    ADAPTER.verify_callback(raw, headers, secrets=CREDENTIALS.callback_secrets, now_seconds=now)
    said = ADAPTER.parse_callback(raw)
    assert not isinstance(said, Unreadable), said
    (event,) = said
    return event


def is_refused(raw: bytes, signature: str | None, *, now: float = NOW) -> bool:
    with pytest.raises(MediatorError) as refusal:
        read(raw, signature, now=now)
    assert refusal.value.detail == "The signature or its time is not valid."
    return refusal.value.entry is CALLBACK_REFUSED


def test_authentic_callback_says_what_it_concerns() -> None:
    notice = read(EVENT, signed())

    assert notice == CallbackEvent(
        event_id="evt_1", kind="charge.captured", operation_key="op_1", provider_reference="ch_1"
    )


def test_signature_is_what_another_program_computes() -> None:
    # printf '1700000000.{"id":"evt_1","type":"x"}' | openssl dgst -sha256 -hmac whsec_new
    raw = b'{"id":"evt_1","type":"x"}'
    by_openssl = "8a53b84673cafdaa3a6e7bc247d422c3bb721ed426a4565f6ba697636ab227ef"

    assert read(raw, f"t=1700000000,v1={by_openssl}").event_id == "evt_1"


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_every_secret_in_use_is_good(secret: str) -> None:
    assert read(EVENT, signed(secret=secret)).event_id == "evt_1"


def test_one_good_signature_among_several_is_enough() -> None:
    both = f"t={NOW},v1={mac(secret='unknown')},v1={mac(secret='whsec_old')}"

    assert read(EVENT, both).event_id == "evt_1"


@pytest.mark.parametrize("age", [-300, -299, 0, 299, 300])
def test_recent_callback_is_read(age: int) -> None:
    assert read(EVENT, signed(), now=NOW + age).event_id == "evt_1"


@pytest.mark.parametrize("age", [-10_000, -301, 301, 10_000])
def test_old_callback_and_one_from_the_future_are_refused(age: int) -> None:
    assert is_refused(EVENT, signed(), now=NOW + age)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "t=,v1=",
        f"t={NOW}",
        f"v1={mac()}",
        f"v1={mac()},t={NOW}",
        f"t={NOW},v1={mac().upper()}",
        f"t={NOW},v1={mac()[:-1]}",
        f"t={NOW},v1={mac()}0",
        f"t={NOW},v1={mac()}\n",
        f"t={NOW},v0={mac()}",
        f"t={NOW},v1={mac()},v2=x",
        f"t={NOW} ,v1={mac()}",
        f"t=-{NOW},v1={mac()}",
        f"t={NOW}.0,v1={mac()}",
        f"t=٣,v1={mac()}",
        f"t={NOW},v1=é" + "a" * 63,
        f"t={'9' * 5000},v1={mac()}",
        signed(secret="whsec_other"),
        signed(secret=""),
        signed(EVENT + b" "),
        signed(at=NOW + 1).replace(str(NOW + 1), str(NOW)),
        f"t={NOW},v1={hashlib.sha256(EVENT).hexdigest()}",
    ],
)
def test_callback_with_a_bad_signature_is_refused(signature: str | None) -> None:
    assert is_refused(EVENT, signature)


def test_changed_body_is_refused_before_it_is_read() -> None:
    for position in range(len(EVENT)):
        changed = EVENT[:position] + bytes([EVENT[position] ^ 1]) + EVENT[position + 1 :]

        assert is_refused(changed, signed())


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b"[" * 10_000, b'{"id": 5, "type": "x"}'])
def test_authentic_bytes_that_are_no_event_are_unreadable(raw: bytes) -> None:
    ADAPTER.verify_callback(
        raw, {"sandbox-signature": signed(raw)}, secrets=CREDENTIALS.callback_secrets, now_seconds=NOW
    )

    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)


@given(raw=st.binary(max_size=100), signature=st.text(max_size=120) | st.from_regex(r"t=[0-9]{1,12},v1=[0-9a-f]{64}"))
def test_nothing_that_was_not_signed_is_ever_believed(raw: bytes, signature: str) -> None:
    assert is_refused(raw, signature)
