"""Input that is wrong in one way gets its exact refusal on the real routes, and no money moves (reliability §4)."""

import gzip
from collections.abc import Iterator

import msgspec
import pytest

from entrypoints.http.app import make_app
from entrypoints.settings import Settings
from tests.entrypoints.http.edge.asking import Header, ask
from tests.entrypoints.http.shop import JSON, Shop, new_key

MALFORMED, INVALID = (400, "REQUEST_MALFORMED"), (422, "VAL_FIELD")
NO_CURRENCY, TOO_LARGE, UNSUPPORTED = (422, "VAL_CURRENCY"), (413, "REQUEST_TOO_LARGE"), (415, "MEDIA_TYPE_UNSUPPORTED")
Refusal = tuple[int, str]


def payment(amount: str = "1000", currency: str = '"EUR"', more: str = "") -> bytes:
    return f'{{"amount": {amount}, "currency": {currency}, "payment_method": "tok_success"{more}}}'.encode()


JSON_FORMS: dict[str, tuple[bytes, Refusal]] = {
    "nothing": (b"", INVALID),
    "null": (b"null", INVALID),
    "white space": (b" \n", MALFORMED),
    "an array": (b"[]", INVALID),
    "an array around it": (b"[" + payment() + b"]", INVALID),
    "a text": (b'"payment"', INVALID),
    "a number": (b"1000", INVALID),
    "an empty object": (b"{}", INVALID),
    "cut off": (payment()[:-1], MALFORMED),
    "more after the end": (payment() + b"{}", MALFORMED),
    "a comma too many": (payment(more=","), MALFORMED),
    "single quotes": (b"{'amount': 1}", MALFORMED),
    "a comment": (b"/* */" + payment(), MALFORMED),
    "a form": (b"amount=1000&currency=EUR", MALFORMED),
    "XML": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', MALFORMED),
    "invalid UTF-8": (payment(more=', "reference": "') + b'\xff"}', MALFORMED),
    "overlong UTF-8": (payment()[:-1] + b', "reference": "\xc0\xaf"}', MALFORMED),
    "a surrogate in UTF-8": (payment()[:-1] + b', "reference": "\xed\xa0\x80"}', MALFORMED),
    "a byte order mark": (b"\xef\xbb\xbf" + payment(), MALFORMED),
    "UTF-16": (payment().decode().encode("utf-16"), MALFORMED),
    "60,000 brackets": (b"[" * 60_000, MALFORMED),
    "5,000 objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, MALFORMED),
    "33 levels": (payment(more=', "metadata": ' + '{"a":' * 32 + "1" + "}" * 32), MALFORMED),
    "the amount twice": (payment(more=', "amount": 1'), MALFORMED),
    "the amount twice, one escaped": (payment(more=r', "\u0061mount": 1'), MALFORMED),
    "a name in metadata twice": (payment(more=', "metadata": {"a": "1", "a": "2"}'), MALFORMED),
    "one byte too many": (payment() + b" " * 131_072, TOO_LARGE),
    "10 MB and one byte": (b'"' + b"x" * 10_485_760, TOO_LARGE),
}
AMOUNTS: dict[str, tuple[bytes, Refusal]] = {
    **{
        text: (payment(text), INVALID)
        for text in ("0", "-0", "-1", "1.0", "1.5", "1e3", "1E0", "0.1", "-9007199254740991")
    },
    **{text: (payment(text), INVALID) for text in (str(2**53), str(2**63 - 1), str(2**63), str(2**64), "9" * 32)},
    **{
        text: (payment(text), INVALID)
        for text in ("null", "true", "false", '""', '"5"', '"1000"', '" 1"', "[1000]", "{}")
    },
    **{
        text: (payment(text), INVALID)
        for text in ('"1_000"', '"1,00"', '"1e3"', '"NaN"', '"\u0663"', '"\uff11"', '"0x10"')
    },
    **{
        text: (payment(text), MALFORMED)
        for text in ("NaN", "Infinity", "-Infinity", "1e400", "01", "+1", "0x10", "1_000")
    },
    **{
        text: (payment(text), MALFORMED)
        for text in ("1,00", ".5", "5.", "-", "\u0663", "\uff11", " ", "1 000", "1e", "1f")
    },
    "40 digits": (payment("9" * 40), MALFORMED),
    "5,000 digits": (payment("9" * 5_000), MALFORMED),
    "5,000 digits after the point": (payment("1." + "0" * 5_000), MALFORMED),
}
CURRENCIES: dict[str, tuple[bytes, Refusal]] = {
    **{
        code: (payment(currency=f'"{code}"'), NO_CURRENCY) for code in ("XXX", "XTS", "XAU", "XAG", "XDR", "ZZZ", "AAA")
    },
    **{
        code: (payment(currency=f'"{code}"'), NO_CURRENCY) for code in ("HRK", "DEM", "SLL", "VEF", "ZWL", "ANG", "BGN")
    },
    **{
        code: (payment(currency=f'"{code}"'), INVALID)
        for code in ("eur", "Eur", "EU", "EURO", "", " ", " EUR", "EUR ", "978")
    },
    **{
        code: (payment(currency=f'"{code}"'), INVALID)
        for code in (r"EUR\n", r"EUR\r", r"\nEUR", r"E\tR", "E\u0170R", "\u20ac")
    },
    **{
        code: (payment(currency=f'"{code}"'), INVALID)
        for code in ("\uff25\uff35\uff32", "\u0415UR", "EU\u0280", "EUR\u200b")
    },
    **{text: (payment(currency=text), INVALID) for text in ("null", "978", "true", '["EUR"]', '{"code": "EUR"}')},
    "EUR with a NUL": (payment(currency=r'"EUR\u0000"'), MALFORMED),
    "half of a pair": (payment(currency=r'"EU\ud800"'), MALFORMED),
}
TEXTS: dict[str, tuple[bytes, Refusal]] = {
    **{
        f"{name} {text!r}"[:40]: (payment(more=f', "{name}": {text}'), refusal)
        for name in ("reference", "description")
        for text, refusal in (
            *[
                (r'"a\u0000b"', MALFORMED),
                ('"a\x00b"', MALFORMED),
                (r'"\ud800"', MALFORMED),
                (r'"\udc00\ud800"', MALFORMED),
            ],
            *[
                ('""', INVALID),
                (f'"{"x" * 256}"', INVALID),
                (f'"{"x" * 10_000}"', INVALID),
                ("5", INVALID),
                ("[]", INVALID),
            ],
            *[('"\x1b[31m"', MALFORMED), (r'"\u001b[31m"', MALFORMED), (r'"\b"', MALFORMED), (r'"\u0008"', MALFORMED)],
            *[('"a\nb"', MALFORMED), ('"a\tb"', MALFORMED), (r'"\x41"', MALFORMED), (r'"\ud83d"', MALFORMED)],
        )
    },
    **{
        f"metadata {text}"[:40]: (payment(more=f', "metadata": {text}'), refusal)
        for text, refusal in (
            *[("null", INVALID), ("[]", INVALID), ('"a"', INVALID), ('{"a": 1}', INVALID), ('{"a": null}', INVALID)],
            *[('{"": "a"}', INVALID), ('{"a": {}}', INVALID), (f'{{"{"k" * 65}": "a"}}', INVALID)],
            *[(f'{{"a": "{"v" * 501}"}}', INVALID), (r'{"a\u0000": "b"}', MALFORMED), (r'{"a": "\u0000"}', MALFORMED)],
            (msgspec.json.encode({str(number): "" for number in range(51)}).decode(), INVALID),
        )
    },
    **{
        f"payment_method {text!r}"[:40]: (payment().replace(b'"tok_success"', text.encode()), refusal)
        for text, refusal in (
            *[('""', INVALID), ('"a b"', INVALID), (r'"tok_success\n"', INVALID), (f'"{"x" * 129}"', INVALID)],
            *[('"../charges"', INVALID), ('"tok\u00e9"', INVALID), ("4242424242424242", INVALID), ("null", INVALID)],
        )
    },
    **{
        f"return_url {text}"[:40]: (payment(more=f', "return_url": "{text}"'), INVALID)
        for text in (
            *(
                "",
                "x",
                "/back",
                "//evil.example",
                "javascript:alert(1)",
                "ftp://a.example/",
                "data:text/html,x",
                "http://",
            ),
            *(
                "https://a.example/\u00e9",
                "https://a.example/ b",
                r"https://a.example/\n",
                "https://a.example/" + "x" * 1000,
            ),
        )
    },
    **{
        f"capture_mode {text}": (payment(more=f', "capture_mode": {text}'), INVALID)
        for text in ('"AUTOMATIC"', '"later"', '""', "null", "true", "0")
    },
    **{
        f"provider {text}"[:40]: (payment(more=f', "provider": {text}'), INVALID)
        for text in ('""', "1", f'"{"x" * 65}"')
    },
}
TABLE = {**JSON_FORMS, **AMOUNTS, **CURRENCIES, **TEXTS}


@pytest.mark.parametrize(("raw", "expected"), TABLE.values(), ids=TABLE.keys())
async def test_a_bad_body_gets_its_exact_refusal_and_makes_no_payment(
    visitor: Shop, raw: bytes, expected: Refusal
) -> None:
    answer = await visitor.post_raw("/v1/payments", raw, extra=[] if raw else [JSON])

    assert (answer.status, answer.code) == expected
    assert answer.json()["money_state"] == "none"
    assert await visitor.all("/v1/payments") == []


@pytest.fixture(scope="session")
async def half_done(visitor_who_pays: Shop) -> str:
    """A payment that has something to capture and something to refund."""
    payment_id = (await visitor_who_pays.paid(amount=5000, capture_mode="manual"))["id"]
    await visitor_who_pays.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000})
    return str(payment_id)


def bad_actions() -> Iterator[tuple[str, bytes, Refusal]]:
    for action in ("capture", "refunds", "cancel"):
        for raw, refusal in (
            *[(b"[]", INVALID), (b'"all"', INVALID), (b"{", MALFORMED), (b"{}x", MALFORMED), (b'{"a": 1}', INVALID)],
            *[(b'{"amount": 0}', INVALID), (b'{"amount": -1}', INVALID), (b'{"amount": 1.0}', INVALID)],
            *[(b'{"amount": "1"}', INVALID), (b'{"amount": true}', INVALID), (b'{"amount": NaN}', MALFORMED)],
            *[(b'{"amount": 9007199254740992}', INVALID), (b'{"amount": 1, "amount": 2}', MALFORMED), (b"1", INVALID)],
            *[(b"[" * 60_000, MALFORMED), (b"{" + b" " * 131_072 + b"}", TOO_LARGE), (b"\xff", MALFORMED)],
        ):
            yield action, raw, refusal


@pytest.mark.parametrize(("action", "raw", "expected"), list(bad_actions()))
async def test_a_bad_body_of_an_action_gets_its_exact_refusal_and_moves_nothing(
    visitor_who_pays: Shop, half_done: str, action: str, raw: bytes, expected: Refusal
) -> None:
    before = await visitor_who_pays.payment(half_done)

    answer = await visitor_who_pays.post_raw(f"/v1/payments/{half_done}/{action}", raw)

    assert (answer.status, answer.code) == expected
    assert await visitor_who_pays.payment(half_done) == before


HEADERS: list[tuple[str, list[Header], Refusal]] = [
    *[
        (f"content type {name}", [("content-type", name)], UNSUPPORTED)
        for name in ("text/plain", "application/xml", "")
    ],
    *[
        (f"content type {name}", [("content-type", name)], UNSUPPORTED)
        for name in (
            *(
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/json; charset=utf-16",
            ),
            *("application/json, text/plain", "application/problem+json", "application/jsonp", "*/*", "json"),
        )
    ],
    ("no content type", [], UNSUPPORTED),
    ("two content types", [JSON, JSON], MALFORMED),
    *[(f"encoded {name}", [JSON, ("content-encoding", name)], UNSUPPORTED) for name in ("gzip", "br", "deflate", "x")],
    ("two lengths", [JSON, ("content-length", "1"), ("content-length", "2")], MALFORMED),
    ("a length that is none", [JSON, ("content-length", "-1")], MALFORMED),
    ("a length and chunks", [JSON, ("content-length", "10"), ("transfer-encoding", "chunked")], MALFORMED),
    ("a length of 10 MB", [JSON, ("content-length", "10485761")], TOO_LARGE),
    ("two hosts", [JSON, ("host", "a"), ("host", "b")], MALFORMED),
    *[
        (f"host {name!r}", [JSON, ("host", name)], MALFORMED)
        for name in ("", "evil.example", "api.example.com@evil.example")
    ],
    *[
        (f"host {name!r}", [JSON, ("host", name)], MALFORMED)
        for name in ("api.example.com.evil.example", "api.example.com/x")
    ],
    ("1,000 headers", [JSON, *((f"x-{number}", "1") for number in range(1_000))], MALFORMED),
    ("100 KB of headers", [JSON, ("x-long", "x" * 100_000)], MALFORMED),
]


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS])
async def test_a_bad_header_gets_its_exact_refusal_and_makes_no_payment(
    visitor: Shop, headers: list[Header], expected: Refusal
) -> None:
    own = [("authorization", f"Bearer {visitor.api_key}"), ("idempotency-key", new_key())]

    answer = await visitor.line("POST", "/v1/payments", payment(), [*own, *headers])

    assert (answer.status, answer.code) == expected
    assert await visitor.all("/v1/payments") == []


async def test_a_gzip_bomb_is_not_unpacked(visitor: Shop) -> None:
    bomb = gzip.compress(payment() + b" " * 10_000_000)

    answer = await visitor.post_raw("/v1/payments", bomb, extra=[("content-encoding", "gzip")])

    assert (answer.status, answer.code) == UNSUPPORTED


@pytest.mark.parametrize("name", Settings().allowed_hosts)
async def test_every_host_that_is_allowed_by_default_is_answered(name: str) -> None:
    host = name if name.startswith("[") or ":" not in name else f"[{name}]"

    answer = await ask(make_app(Settings()), "GET", "/health/live", headers=[("host", f"{host}:8000")])

    assert answer.status == 200


PATHS = [
    *[("/v1/payments/%00", MALFORMED), ("/v1/payments/%ff", MALFORMED), ("/v1/payments/..%2f..%2fetc", MALFORMED)],
    *[("/v1/payments/%2e%2e/x", MALFORMED), ("/v1/payments/a%0d%0ab", MALFORMED), ("/v1/%2e/payments", MALFORMED)],
    *[("/v1/payments/%C3%A9", (404, "NOT_FOUND")), ("/v1/payments/a/b/c", (404, "NOT_FOUND"))],
    *[("/v2/payments", (404, "NOT_FOUND")), ("/V1/payments", (404, "NOT_FOUND")), ("/v1/payment", (404, "NOT_FOUND"))],
    ("/v1/payments/" + "x" * 5_000, (404, "NOT_FOUND")),
    *[("/v1/payments/pay_%D9%A3", (404, "NOT_FOUND")), ("/v1/payments/null", (404, "NOT_FOUND"))],
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
async def test_a_bad_path_gets_its_exact_refusal(visitor: Shop, path: str, expected: Refusal) -> None:
    answer = await visitor.get(path)

    assert (answer.status, answer.code) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        *[("reference=%00", MALFORMED), ("reference=%ff", MALFORMED), ("reference=%0a", MALFORMED)],
        *[("reference=a&reference=b", MALFORMED), ("limit=1&limit=2", MALFORMED), ("l%69mit=1&limit=2", MALFORMED)],
        *[("x=%ed%a0%80", MALFORMED), ("%00=x", MALFORMED), ("unknown=1&unknown=2", MALFORMED)],
    ],
)
async def test_a_bad_query_gets_its_exact_refusal(visitor: Shop, query: str, expected: Refusal) -> None:
    answer = await visitor.get(f"/v1/payments?{query}")

    assert (answer.status, answer.code) == expected


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *[(method, "/v1/payments", {"GET", "POST", "OPTIONS"}) for method in ("PUT", "PATCH", "DELETE", "PROPFIND")],
        *[(method, f"/v1/payments/pay_{'0' * 32}", {"GET", "OPTIONS"}) for method in ("POST", "PUT", "DELETE")],
        *[(method, f"/v1/payments/pay_{'0' * 32}/refunds", {"POST", "OPTIONS"}) for method in ("GET", "DELETE")],
        ("POST", "/v1/ledger/entries", {"GET", "OPTIONS"}),
        ("DELETE", f"/v1/callbacks/sandbox/pac_{'0' * 32}", {"GET", "POST", "PUT", "OPTIONS"}),
    ],
)
async def test_a_method_that_there_is_not_is_refused_with_those_that_there_are(
    visitor: Shop, method: str, path: str, allowed: set[str]
) -> None:
    answer = await visitor.line(method, path, b"", [("authorization", f"Bearer {visitor.api_key}")])

    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) | {"OPTIONS"} == allowed
