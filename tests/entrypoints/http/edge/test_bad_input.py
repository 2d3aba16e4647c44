"""Bad input of every kind gets its exact refusal from the whole service: never a 5xx, never a silent change."""

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MediatorError
from entrypoints.http.edge.bodies import BodyRules
from entrypoints.http.edge.strict_json import check_json
from tests.entrypoints.http.edge.asking import Answer, Header, ask
from tests.entrypoints.http.edge.sample import make_service

SERVICE = make_service()
CREDENTIAL: Header = ("authorization", "Bearer key")
JSON: Header = ("content-type", "application/json")


def payment(amount: str = "1234", currency: str = '"EUR"', more: str = "") -> bytes:
    return f'{{"amount": {amount}, "currency": {currency}{more}}}'.encode()


MALFORMED = (400, "REQUEST_MALFORMED")
INVALID = (422, "VAL_FIELD")

BODIES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "invalid UTF-8": (b'{"amount": 1, "currency": "\xff"}', MALFORMED),
    "a byte order mark": (b"\xef\xbb\xbf" + payment(), MALFORMED),
    "UTF-16": (payment().decode().encode("utf-16"), MALFORMED),
    "60,000 brackets": (b"[" * 60_000, MALFORMED),
    "5,000 objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, MALFORMED),
    "the same name twice": (payment(more=', "amount": 1'), MALFORMED),
    "the same name twice, one escaped": (payment(more=r', "\u0061mount": 1'), MALFORMED),
    "NUL, escaped": (payment(more=r', "reference": "a\u0000b"'), MALFORMED),
    "NUL, raw": (payment(more=', "reference": "a\x00b"'), MALFORMED),
    "a lone surrogate": (payment(more=r', "reference": "\ud800"'), MALFORMED),
    "NaN": (payment("NaN"), MALFORMED),
    "Infinity": (payment("Infinity"), MALFORMED),
    "-Infinity": (payment("-Infinity"), MALFORMED),
    "1e400": (payment("1e400"), MALFORMED),
    "1.0": (payment("1.0"), INVALID),
    "1e3": (payment("1e3"), INVALID),
    "1.5": (payment("1.5"), INVALID),
    "a text of digits": (payment('"5"'), INVALID),
    "true": (payment("true"), INVALID),
    "null": (payment("null"), INVALID),
    "minus zero": (payment("-0"), INVALID),
    "zero": (payment("0"), INVALID),
    "minus one": (payment("-1"), INVALID),
    "2**53": (payment(str(2**53)), INVALID),
    "2**63 - 1": (payment(str(2**63 - 1)), INVALID),
    "2**63": (payment(str(2**63)), INVALID),
    "2**64": (payment(str(2**64)), INVALID),
    "a number of 32 digits": (payment("9" * 32), INVALID),
    "a number of 40 digits": (payment("9" * 40), MALFORMED),
    "a number of 5,000 digits": (payment("9" * 5_000), MALFORMED),
    "1_000": (payment("1_000"), MALFORMED),
    "1,00": (payment("1,00"), MALFORMED),
    "a text with an underscore": (payment('"1_000"'), INVALID),
    "a text with a space": (payment('" 1"'), INVALID),
    "Arabic-Indic digits": (payment("\u0661"), MALFORMED),
    "a text of full-width digits": (payment('"\uff11"'), INVALID),
    "a currency with a line feed": (payment(currency=r'"USD\n"'), INVALID),
    "a currency in lower case": (payment(currency='"usd"'), INVALID),
    "a currency that is a number": (payment(currency="978"), INVALID),
    "an unknown field": (payment(more=', "tenant_id": "ten_2"'), INVALID),
    "an unknown field, deep": (payment(more=', "customer": {"name": "x", "role": "admin"}'), INVALID),
    "a missing field": (b'{"amount": 1}', INVALID),
    "1 for true": (payment(more=', "capture": 1'), INVALID),
    "a text for true": (payment(more=', "capture": "true"'), INVALID),
    "an empty name": (payment(more=', "customer": {"name": ""}'), INVALID),
    "a name of 10,000 characters": (payment(more=f', "customer": {{"name": "{"x" * 10_000}"}}'), INVALID),
    "an array": (b"[]", INVALID),
    "a text": (b'"payment"', INVALID),
    "nothing where null stands": (b"null", INVALID),
    "nothing": (b"", INVALID),
    "white space": (b"  \n", MALFORMED),
    "XML": (b"<?xml version='1.0'?><a/>", MALFORMED),
    "a form": (b"amount=1&currency=EUR", MALFORMED),
    "cut off": (payment()[:-1], MALFORMED),
    "more after the end": (payment() + b"x", MALFORMED),
    "one byte too many": (payment() + b" " * 65_536, (413, "REQUEST_TOO_LARGE")),
    "10 MB and one byte": (b'"' + b"x" * 10_485_760, (413, "REQUEST_TOO_LARGE")),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_gets_its_exact_refusal(body: bytes, expected: tuple[int, str]) -> None:
    answer = await ask(SERVICE, "POST", "/v1/payments", body, extra=[("idempotency-key", "k")])

    assert (answer.status, answer.code) == expected


HARMLESS = {
    "bidirectional override": '"\u202egpj.exe"',
    "zero-width joiner": '"a\u200db"',
    "combining flood": '"a' + "\u0301" * 50 + '"',
    "mixed scripts": '"p\u0430ypal"',
    "emoji": r'"\ud83d\ude00"',
    "decomposed": '"e\u0301"',
    "a formula": '"=1+1"',
    "line feed": r'"a\nb"',
    "markup": '"<script>alert(1)</script>"',
    "SQL": '"\'; drop table payments; --"',
}


@pytest.mark.parametrize("name", HARMLESS.values(), ids=HARMLESS.keys())
async def test_an_odd_but_well_formed_text_comes_back_unchanged(name: str) -> None:
    body = payment(more=f', "reference": {name}')

    answer = await ask(make_service(), "POST", "/v1/payments", body, extra=[("idempotency-key", "k")])

    assert answer.status == 201
    assert answer.json()["reference"] == json.loads(name)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], (415, "MEDIA_TYPE_UNSUPPORTED")),
        ([("content-type", "text/plain")], (415, "MEDIA_TYPE_UNSUPPORTED")),
        ([("content-type", "application/xml")], (415, "MEDIA_TYPE_UNSUPPORTED")),
        ([("content-type", "multipart/form-data")], (415, "MEDIA_TYPE_UNSUPPORTED")),
        ([JSON, ("content-encoding", "gzip")], (415, "MEDIA_TYPE_UNSUPPORTED")),
        ([JSON, JSON], MALFORMED),
        ([JSON, ("content-length", "1"), ("content-length", "30")], MALFORMED),
        ([JSON, ("content-length", "x")], MALFORMED),
        ([JSON, ("content-length", "10485761")], (413, "REQUEST_TOO_LARGE")),
        ([JSON, ("host", "a.example"), ("host", "b.example")], MALFORMED),
        ([JSON, ("host", "a.example/path")], MALFORMED),
        ([JSON, ("host", "")], MALFORMED),
        ([JSON, ("host", "user@a.example")], MALFORMED),
        ([JSON, ("host", "a.example:port")], MALFORMED),
        ([JSON, ("idempotency-key", "another")], MALFORMED),
        ([JSON, *((f"x-{number}", "1") for number in range(1_000))], MALFORMED),
        ([JSON, ("x-long", "x" * 100_000)], MALFORMED),
    ],
)
async def test_a_bad_header_gets_its_exact_refusal(headers: list[Header], expected: tuple[int, str]) -> None:
    answer = await ask(
        SERVICE, "POST", "/v1/payments", payment(), headers=[CREDENTIAL, ("idempotency-key", "k"), *headers]
    )

    assert (answer.status, answer.code) == expected


async def test_a_second_credential_is_refused() -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments", headers=[CREDENTIAL, ("authorization", "Bearer other")])

    assert (answer.status, answer.code) == MALFORMED


async def test_a_gzip_bomb_is_refused_without_being_unpacked() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)

    answer = await ask(SERVICE, "POST", "/v1/payments", bomb, extra=[("content-encoding", "gzip")])

    assert (answer.status, answer.code) == (415, "MEDIA_TYPE_UNSUPPORTED")


@pytest.mark.parametrize(
    ("path", "raw_path", "expected"),
    [
        ("/v1/payments/\x00", b"/v1/payments/%00", MALFORMED),
        ("/v1/payments/a\nb", b"/v1/payments/a%0ab", MALFORMED),
        ("/v1/payments/\x7f", b"/v1/payments/%7F", MALFORMED),
        ("/v1/payments/\ufffd", b"/v1/payments/%ff", MALFORMED),
        ("/v1/payments/\ufffd", None, MALFORMED),
        ("/v1/payments/\ufffd\ufffd\ufffd", b"/v1/payments/%ed%a0%80", MALFORMED),
        ("/v1/payments/../x", b"/v1/payments/..%2fx", MALFORMED),
        ("/v1/payments/..", b"/v1/payments/%2e%2e", MALFORMED),
        ("/v1/./payments", b"/v1/%2e/payments", MALFORMED),
        ("/v1/payments/é", b"/v1/payments/%c3%a9", (404, "NOT_FOUND")),
        ("/v1/payments/\u0663", b"/v1/payments/%D9%A3", (404, "NOT_FOUND")),
        ("/v1/payments/..x", b"/v1/payments/..x", (404, "NOT_FOUND")),
        ("/v1/payments/a/b", b"/v1/payments/a%2fb", (404, "NOT_FOUND")),
        ("/v1/payments/" + "x" * 65, None, (422, "VAL_FIELD")),
        ("/nowhere", None, (404, "NOT_FOUND")),
        ("", None, (404, "NOT_FOUND")),
        ("*", b"*", (404, "NOT_FOUND")),
        ("//v1//payments//x", None, (404, "NOT_FOUND")),
    ],
)
async def test_a_bad_path_gets_its_exact_refusal(path: str, raw_path: bytes | None, expected: tuple[int, str]) -> None:
    answer = await ask(SERVICE, "GET", path, raw_path=raw_path)

    assert (answer.status, answer.code) == expected


@pytest.mark.parametrize(
    ("query", "expected", "pointer"),
    [
        (b"limit=0", INVALID, "query/limit"),
        (b"limit=101", INVALID, "query/limit"),
        (b"limit=five", INVALID, "query/limit"),
        (b"limit=1_0", INVALID, "query/limit"),
        (b"limit=%D9%A3", INVALID, "query/limit"),
        (b"limit=5.0", INVALID, "query/limit"),
        (b"limit=1e1", INVALID, "query/limit"),
        (b"limit=+5", INVALID, "query/limit"),
        (b"limit=%205", INVALID, "query/limit"),
        (b"limit=05", INVALID, "query/limit"),
        (b"limit=", INVALID, "query/limit"),
        (b"limit=" + b"9" * 5_000, INVALID, "query/limit"),
        (b"state=lost", INVALID, "query/state"),
        (b"state=null", INVALID, "query/state"),
        (b"state=NULL", INVALID, "query/state"),
        (b"currency=EUR%0A", MALFORMED, None),
        (b"currency=eur", INVALID, "query/currency"),
        (b"reference=" + b"x" * 65, INVALID, "query/reference"),
        (b"since=5", INVALID, "query/since"),
        (b"since=2026-11-23", INVALID, "query/since"),
        (b"since=2026-11-23T00:00:00", INVALID, "query/since"),
        (b"since=2026-11-23T00:00:00+05:45", INVALID, "query/since"),
        (b"since=2026-11-23T24:00:00Z", INVALID, "query/since"),
        (b"since=2026-11-23T23:59:60Z", INVALID, "query/since"),
        (b"since=2026-02-30T00:00:00Z", INVALID, "query/since"),
        (b"since=0000-01-01T00:00:00Z", INVALID, "query/since"),
        (b"newest_first=1", INVALID, "query/newest_first"),
        (b"newest_first=True", INVALID, "query/newest_first"),
        (b"reference=%00", MALFORMED, None),
        (b"reference=%ff", MALFORMED, None),
        (b"reference=\xff", MALFORMED, None),
        (b"reference=a&reference=b", MALFORMED, None),
        (b"reference=a&r%65ference=b", MALFORMED, None),
        (b"unknown=1&unknown=2", MALFORMED, None),
    ],
)
async def test_a_bad_query_gets_its_exact_refusal(query: bytes, expected: tuple[int, str], pointer: str | None) -> None:
    answer = await ask(SERVICE, "GET", "/v1/payments", query=query)

    assert (answer.status, answer.code) == expected
    assert [error["pointer"] for error in answer.json().get("errors", ())] == ([pointer] if pointer else [])


@pytest.mark.parametrize(
    "query",
    [
        *(b"", b"limit=100", b"limit=5&state=captured", b"reference=null", b"reference=%C3%A9+x", b"currency=EUR"),
        *(
            b"since=2026-11-23T00:00:00.5z",
            b"since=2026-11-23T00:00:00%2B05:45",
            b"newest_first=false",
            b"&&limit=5&",
            b"unknown=1",
        ),
    ],
)
async def test_a_good_query_is_answered(query: bytes) -> None:
    assert (await ask(SERVICE, "GET", "/v1/payments", query=query)).status == 200


@pytest.mark.parametrize("chunks", [[b'{"amount": 1', b', "currency": "EUR"}'], [payment()]])
async def test_a_slow_body_is_refused_and_a_chunked_one_is_not(chunks: list[bytes]) -> None:
    service = make_service(rules=BodyRules(timeout_seconds=0.05))

    slow = await ask(service, "POST", "/v1/payments", chunks, extra=[("idempotency-key", "k")], hang=True)
    whole = await ask(service, "POST", "/v1/payments", chunks, extra=[("idempotency-key", "k")])

    assert (slow.status, slow.code) == MALFORMED
    assert whole.status == 201


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps(text).encode()))
async def test_any_bytes_as_a_body_are_never_our_fault(raw: bytes) -> None:
    created = await ask(SERVICE, "POST", "/v1/payments", raw, extra=[("idempotency-key", "k")])
    read = await ask(SERVICE, "POST", "/v1/plain", raw)

    assert created.status in {400, 422}
    assert_read_as_it_was_written(raw, read)


FRAGMENTS = (b"{", b"}", b"[", b"]", b'"', b"\\", b":", b",", b"1", b"-", b".", b"e9", b"null", b'"a":', rb"\u0041")
JSON_LIKE = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)


@given(JSON_LIKE)
async def test_anything_like_json_as_a_body_is_never_our_fault(raw: bytes) -> None:
    assert_read_as_it_was_written(raw, await ask(SERVICE, "POST", "/v1/plain", raw))


def assert_read_as_it_was_written(raw: bytes, read: Answer) -> None:
    try:
        check_json(raw)
    except MediatorError:
        assert read.status == (422 if raw == b"" else 400)
        return
    assert read.status == 201
    expected: Any = {"read": json.loads(raw)}
    assert read.json() == expected == msgspec.json.decode(read.body)


@given(st.binary(max_size=40), st.text(max_size=20), st.binary(max_size=40))
async def test_any_path_query_and_header_are_never_our_fault(query: bytes, path: str, value: bytes) -> None:
    headers = [CREDENTIAL, ("x-request-id", value.decode("latin-1")), ("accept", value.decode("latin-1"))]

    answer = await ask(SERVICE, "GET", f"/v1/payments/{path}", query=query, headers=headers)

    assert answer.status in {200, 400, 404, 405, 422}


@given(
    st.binary(max_size=30),
    st.binary(max_size=30),
    st.sampled_from(["GET", "POST", "DELETE", "PROPFIND", "OPTIONS", "get"]),
)
async def test_any_host_credential_and_method_are_never_our_fault(host: bytes, credential: bytes, method: str) -> None:
    headers = [("host", host.decode("latin-1")), ("authorization", credential.decode("latin-1")), JSON]

    answer = await ask(SERVICE, method, "/v1/payments", b"{}" if method == "POST" else b"", headers=headers)

    assert answer.status in {204, 400, 401, 405}
