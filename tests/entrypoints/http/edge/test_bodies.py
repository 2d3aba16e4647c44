"""A body is bounded in size and time, JSON where JSON is asked for, and handed on as it came."""

from typing import Any

import pytest
from litestar.types import Receive, Scope, Send

from entrypoints.http.edge.bodies import BodyRules, StrictBodies
from tests.entrypoints.http.edge.asking import Header, ask

RULES = BodyRules(size_max=100, timeout_seconds=0.05, raw_size_max=300)
JSON = ("content-type", "application/json")


class Recorder:
    """Stands for the framework: reads the body and remembers it."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.raw: object = None
        self.after: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message: Any = await receive()
        self.body = message["body"]
        assert message["more_body"] is False
        self.raw = scope.get("state", {}).get("raw_body")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.fixture
def inner() -> Recorder:
    return Recorder()


@pytest.fixture
def app(inner: Recorder) -> StrictBodies:
    return StrictBodies(inner, RULES)


@pytest.mark.parametrize("chunks", [[b'{"a": 1}'], [b"{", b'"a"', b"", b": 1}"]])
async def test_the_body_reaches_the_application_whole_and_as_it_came(
    app: StrictBodies, inner: Recorder, chunks: list[bytes]
) -> None:
    answer = await ask(app, "POST", "/v1/payments", chunks)

    assert answer.status == 200
    assert (inner.body, inner.raw) == (b'{"a": 1}', b'{"a": 1}')


async def test_an_empty_body_is_passed_on_whatever_its_headers_say(app: StrictBodies, inner: Recorder) -> None:
    answer = await ask(app, "POST", "/v1/payments/pay_1/cancel", b"", headers=[("content-type", "text/plain")])

    assert (answer.status, inner.body, inner.raw) == (200, b"", b"")


async def test_a_method_without_effect_is_passed_on_unread(app: StrictBodies, inner: Recorder) -> None:
    answer = await ask(app, "GET", "/v1/payments", b"{not json", headers=[("content-type", "text/plain")])

    assert (answer.status, inner.body, inner.raw) == (200, b"{not json", None)


@pytest.mark.parametrize(
    ("length", "chunks"),
    [
        (None, [b'"' + b"x" * 98 + b'"', b" "]),
        ("2", [b'"' + b"x" * 98 + b'"', b" "]),
        ("101", [b"{}"]),
        ("101", [b""]),
        ("9" * 30, [b"{}"]),
    ],
    ids=["no length", "a length that lies", "announced", "announced and not sent", "announced beyond any number"],
)
async def test_a_body_over_the_bound_is_refused_and_the_connection_closed(
    app: StrictBodies, inner: Recorder, length: str | None, chunks: list[bytes]
) -> None:
    headers = [JSON, *([("content-length", length)] if length else [])]

    answer = await ask(app, "POST", "/v1/payments", chunks, headers=headers, hang=True)

    assert (answer.status, answer.code, answer.headers["connection"]) == (413, "REQUEST_TOO_LARGE", "close")
    assert inner.body is None


async def test_no_more_than_the_bound_is_read(app: StrictBodies) -> None:
    chunks = iter([b"x" * 60] * 1_000)

    async def receive() -> Any:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    async def send(_: object) -> None:
        return

    scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": [], "http_version": "1.1"}
    await app(scope, receive, send)

    assert len(list(chunks)) == 998


async def test_a_body_of_exactly_the_bound_passes(app: StrictBodies) -> None:
    body = b'"' + b"x" * 98 + b'"'

    assert (await ask(app, "POST", "/", body, extra=[("content-length", "100")])).status == 200


@pytest.mark.parametrize("length", ["-5", "+5", "5 ", "5_0", "٣", "0x5", "", "5,5"])
async def test_a_length_that_is_no_number_is_refused(app: StrictBodies, length: str) -> None:
    value = length.encode().decode("latin-1")

    answer = await ask(app, "POST", "/", b"{}", headers=[JSON, ("content-length", value)])

    assert (answer.status, answer.code, answer.headers["connection"]) == (400, "REQUEST_MALFORMED", "close")


async def test_a_length_beside_a_transfer_encoding_is_refused(app: StrictBodies) -> None:
    headers = [JSON, ("content-length", "2"), ("transfer-encoding", "chunked")]

    answer = await ask(app, "POST", "/", b"{}", headers=headers)

    assert (answer.status, answer.code) == (400, "REQUEST_MALFORMED")


@pytest.mark.parametrize("chunks", [[], [b"{"]], ids=["nothing", "a beginning"])
async def test_a_body_that_does_not_end_in_time_is_refused_and_the_connection_closed(
    app: StrictBodies, inner: Recorder, chunks: list[bytes]
) -> None:
    answer = await ask(app, "POST", "/", chunks, hang=True)

    assert (answer.status, answer.code, answer.headers["connection"]) == (400, "REQUEST_MALFORMED", "close")
    assert "0.05 seconds" in answer.json()["detail"]
    assert inner.body is None


async def test_a_connection_of_http_2_is_not_told_to_close(app: StrictBodies) -> None:
    answer = await ask(app, "POST", "/", [b"{"], hang=True, http_version="2")

    assert answer.status == 400
    assert "connection" not in answer.headers


async def test_a_caller_who_hangs_up_gets_no_answer_and_the_application_is_not_asked(
    app: StrictBodies, inner: Recorder
) -> None:
    answer = await ask(app, "POST", "/", [b"{"], disconnect=True)

    assert (answer.status, inner.body) == (0, None)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        " application/json ; charset=UTF-8 ",
    ],
)
async def test_json_in_utf_8_is_taken(app: StrictBodies, media_type: str) -> None:
    assert (await ask(app, "POST", "/", b"{}", headers=[("content-type", media_type)])).status == 200


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; version=2",
        "application/json, text/plain",
        "application/jsonp",
        "application/problem+json",
    ],
)
async def test_every_other_media_type_is_refused(app: StrictBodies, inner: Recorder, media_type: str | None) -> None:
    headers: list[Header] = [] if media_type is None else [("content-type", media_type)]

    answer = await ask(app, "POST", "/v1/payments", b"{}", headers=headers)

    assert (answer.status, answer.code) == (415, "MEDIA_TYPE_UNSUPPORTED")
    assert inner.body is None


@pytest.mark.parametrize("path", ["/v1/payments", "/v1/callbacks/sandbox"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "GZIP", "x"])
async def test_an_encoded_body_is_refused_everywhere(app: StrictBodies, path: str, encoding: str) -> None:
    answer = await ask(app, "POST", path, b"{}", extra=[("content-encoding", encoding)])

    assert (answer.status, answer.code) == (415, "MEDIA_TYPE_UNSUPPORTED")


async def test_the_identity_encoding_is_none(app: StrictBodies) -> None:
    assert (await ask(app, "POST", "/", b"{}", extra=[("content-encoding", "Identity")])).status == 200


async def test_a_body_that_reads_two_ways_is_refused(app: StrictBodies, inner: Recorder) -> None:
    answer = await ask(app, "POST", "/v1/payments", b'{"a": 1, "a": 2}')

    assert (answer.status, answer.code) == (400, "REQUEST_MALFORMED")
    assert inner.body is None


@pytest.mark.parametrize("body", [b"<xml/>", b"\xff\x00", b'{"a": 1, "a": 2}'])
async def test_a_callback_is_taken_as_bytes_of_any_type(app: StrictBodies, inner: Recorder, body: bytes) -> None:
    answer = await ask(app, "POST", "/v1/callbacks/sandbox", body, headers=[("content-type", "text/xml")])

    assert (answer.status, inner.body, inner.raw) == (200, body, body)


async def test_a_callback_is_bounded_too(app: StrictBodies) -> None:
    within = await ask(app, "POST", "/v1/callbacks/sandbox", b"x" * 300, headers=[])
    beyond = await ask(app, "POST", "/v1/callbacks/sandbox", b"x" * 301, headers=[])

    assert within.status == 200
    assert (beyond.status, beyond.code) == (413, "REQUEST_TOO_LARGE")


async def test_after_the_body_the_application_hears_what_the_server_says() -> None:
    heard: list[str] = []
    said: list[Any] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{}", "more_body": False}]

    async def listen(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    async def receive() -> Any:
        return said.pop()

    async def send(_: object) -> None:
        return

    scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", b"application/json")]}
    await StrictBodies(listen)(scope, receive, send)

    assert heard == ["http.request", "http.disconnect"]
