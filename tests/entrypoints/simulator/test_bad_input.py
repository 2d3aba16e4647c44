"""Whatever is sent, the gateway refuses it in its own words and never breaks."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.words import NewCharge, RefusedError, read_body
from tests.entrypoints.simulator.merchant import Merchant, new_charge

BAD_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"amount=5",
    "invalid UTF-8": b'{"account": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "deep arrays": b"[" * 60_000,
    "deep objects": b'{"a":' * 9_000,
    "an array": b"[]",
    "NaN": b'{"amount": NaN}',
    "a lone surrogate": b'{"account": "\\ud800"}',
    "NUL": msgspec.json.encode(new_charge(account="a\0b")),
    "a line break at the end": msgspec.json.encode(new_charge(currency="EUR\n")),
    "an amount of zero": msgspec.json.encode(new_charge(amount=0)),
    "an amount below zero": msgspec.json.encode(new_charge(amount=-5)),
    "an amount past 2**53": msgspec.json.encode(new_charge(amount=2**53)),
    "an amount past 2**64": msgspec.json.encode(new_charge()).replace(b"1000", b"1" * 5_000),
    "a fraction": msgspec.json.encode(new_charge(amount=1.5)),
    "an amount as text": msgspec.json.encode(new_charge(amount="5")),
    "an amount that is true": msgspec.json.encode(new_charge(amount=True)),
    "a currency in small letters": msgspec.json.encode(new_charge(currency="eur")),
    "no capture": msgspec.json.encode({k: v for k, v in new_charge().items() if k != "capture"}),
    "an unknown field": msgspec.json.encode(new_charge(tip=5)),
    "another scheme": msgspec.json.encode(new_charge(callback_url="file:///etc/passwd")),
    "a long reference": msgspec.json.encode(new_charge(reference="x" * 256)),
    "too much": b" " * (65 * 1024),
}


@pytest.mark.parametrize("name", list(BAD_BODIES))
async def test_bad_body_is_refused_at_every_door(merchant: Merchant, name: str) -> None:
    doors = ("/v1/charges", "/v1/charges/ch_1/capture", "/v1/charges/ch_1/refunds", "/control/faults")

    for door in doors:
        answer = await merchant.post_raw(door, BAD_BODIES[name], key="k")

        assert 400 <= answer.status < 500, door
        assert answer.json["error"]["code"] in {"request_malformed", "field_invalid", "body_too_large"}
    assert (await merchant.operation("k")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/charges", 405),
        ("GET", "/v1/charges/%00", 404),
        ("GET", "/v1/charges/..%2f..%2fetc", 404),
        ("GET", "/v1/operations/%ff%fe", 404),
        ("GET", "/actions/none", 404),
        ("POST", "/actions/none", 404),
        ("GET", "/v1/books?account=acct&limit=x", 422),
        ("GET", "/v1/books?account=acct&after=%d9%a1", 422),
        ("GET", "/v1/books?account=acct&after=-1", 422),
        ("GET", "/v1/books?account=%00%ff&limit=0&after=9999999999999999999", 200),
        ("GET", "/v1/books", 200),
        ("POST", "/control/charges/ch_none/callbacks", 404),
        ("POST", "/control/charges/ch_none/settle", 400),
    ],
)
async def test_odd_address_is_answered(merchant: Merchant, method: str, path: str, status: int) -> None:
    async with merchant.session.request(method, merchant.url + path) as answer:
        assert answer.status == status
        assert msgspec.json.decode(await answer.read()) is not None


@given(raw=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with pytest.raises(RefusedError) as refusal:
        read_body(raw, NewCharge)

    assert refusal.value.status in {400, 422}


async def test_bytes_that_are_no_http_do_no_harm(merchant: Merchant) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(merchant.url.rpartition(":")[2]))
    writer.write(b"\x16\x03\x01 what is this\r\n\r\n")
    first_line = await reader.readline()
    writer.close()

    assert b"400" in first_line
    assert (await merchant.charge()).status == 201
