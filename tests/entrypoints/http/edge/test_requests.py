"""Every request gets an id, every answer its headers, every request its line."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
from litestar.types import Receive, Scope, Send

from entrypoints.http.edge.requests import RequestEdge
from tests.entrypoints.http.edge.asking import ask
from tests.entrypoints.http.edge.sample import make_service

SERVICE = make_service()
Logged = Callable[[], list[dict[str, Any]]]

# One of each way an answer comes about: a route, no route, no method, no credential, each middleware, a fault, a file.
EVERYWHERE = [
    ("GET", "/v1/payments", b"", 200),
    ("GET", "/nowhere", b"", 404),
    ("PUT", "/v1/payments", b"{}", 405),
    ("OPTIONS", "/v1/payments", b"", 204),
    ("GET", "/v1/payments/%00\x00", b"", 400),
    ("POST", "/v1/payments", b"x" * 70_000, 413),
    ("POST", "/v1/payments", b"{", 400),
    ("POST", "/v1/payments", b"[]", 422),
    ("GET", "/v1/faults/unexpected", b"", 500),
    ("GET", "/health/live", b"", 200),
    ("GET", "/api/docs", b"", 200),
    ("GET", "/api/docs/openapi.json", b"", 200),
    ("GET", "/api/docs/assets/scalar.js", b"", 200),
    ("GET", "/api/docs/nowhere", b"", 404),
    ("POST", "/v1/callbacks/sandbox", b"\xff", 401),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), EVERYWHERE)
async def test_every_answer_carries_its_id_and_the_security_headers(
    method: str, path: str, body: bytes, status: int
) -> None:
    answer = await ask(SERVICE, method, path, body, extra=[("x-request-id", "caller.id_1-2")])

    assert answer.status == status
    assert answer.headers["x-request-id"] == "caller.id_1-2"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "cache-control" in answer.headers
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/payments", "/nowhere", "/v1/faults/unexpected"])
async def test_no_answer_of_the_api_is_kept_anywhere(path: str) -> None:
    assert (await ask(SERVICE, "GET", path)).headers["cache-control"] == "no-store"


async def test_over_tls_the_answer_asks_to_stay_there() -> None:
    answer = await ask(SERVICE, "GET", "/nowhere", scheme="https")

    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\nb", "ä", "a/b", "<script>", "req_1\n"])
async def test_an_id_that_is_not_well_formed_is_replaced(sent: str) -> None:
    answer = await ask(SERVICE, "GET", "/nowhere", extra=[("x-request-id", sent)])

    assert answer.headers["x-request-id"] != sent
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_ids_made_here_are_unique_and_sort_by_time() -> None:
    ids = [(await ask(SERVICE, "GET", "/nowhere")).headers["x-request-id"] for _ in range(20)]

    assert all(len(each) == 36 and each.startswith("req_") for each in ids)
    assert ids == sorted(set(ids))


async def test_the_id_reaches_the_application_and_everything_it_logs(logged: Logged) -> None:
    seen: list[Any] = []

    async def inner(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.extend([scope["state"]["request_id"], structlog.contextvars.get_contextvars()["request_id"]])
        structlog.get_logger().warning("something.happened")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    await ask(RequestEdge(inner, allowed_hosts=["*"], request_ids=lambda: "req_7"), "GET", "/")

    assert seen == ["req_7", "req_7"]
    assert logged()[0]["request_id"] == "req_7"


async def test_one_request_does_not_log_under_the_user_of_the_one_before(logged: Logged) -> None:
    await ask(SERVICE, "GET", "/v1/payments")
    await ask(SERVICE, "GET", "/nowhere")

    first, second = logged()
    assert (first["user_id"], second["user_id"]) == ("usr_1", None)


async def test_a_request_is_logged_by_the_template_of_its_route_and_never_by_its_path(logged: Logged) -> None:
    await ask(SERVICE, "GET", "/v1/payments/pay_secret", query=b"api_key=fmk_live_1")

    (line,) = logged()
    assert (line["message"], line["level"]) == ("request.answered", "info")
    assert line["details"].pop("duration_ms") >= 0
    assert line["details"] == {
        "method": "GET",
        "route": "/v1/payments/{payment_id}",
        "status": 404,
        "tenant_id": "ten_1",
    }
    assert "pay_secret" not in str(line)


@pytest.mark.parametrize(
    ("path", "level", "route"),
    [
        ("/nowhere", "info", "unmatched"),
        ("/v1/faults/unexpected", "warning", "/v1/faults/{kind}"),
        ("/health/live", "debug", "/health/live"),
        ("/health/ready", "debug", "/health/ready"),
    ],
)
async def test_the_level_of_the_line_says_whether_to_look(logged: Logged, path: str, level: str, route: str) -> None:
    await ask(SERVICE, "GET", path)

    line = logged()[-1]
    assert (line["level"], line["details"]["route"]) == (level, route)


async def test_a_caller_who_hangs_up_is_logged_as_such(logged: Logged) -> None:
    answer = await ask(SERVICE, "POST", "/v1/payments", [b"{"], disconnect=True)

    (line,) = logged()
    assert (answer.status, line["message"], line["details"]["status"]) == (0, "request.abandoned", None)


@pytest.mark.parametrize(
    ("allowed", "host", "status"),
    [
        (("api.example.com",), "api.example.com", 200),
        (("api.example.com",), "API.Example.Com:8443", 200),
        (("api.example.com",), "api.example.com.", 200),
        (("API.example.com",), "api.example.com", 200),
        (("api.example.com",), "evil.example.com", 400),
        (("api.example.com",), "xapi.example.com", 400),
        (("api.example.com",), "api.example.com.evil.com", 400),
        (("api.example.com",), "api.example.com:evil", 400),
        (("api.example.com",), "api.example.com@evil.com", 400),
        ((".example.com",), "a.example.com", 200),
        ((".example.com",), "a.b.example.com:80", 200),
        ((".example.com",), "example.com", 400),
        ((".example.com",), "evilexample.com", 400),
        (("localhost", "127.0.0.1", "[::1]"), "[::1]:8000", 200),
        (("localhost", "127.0.0.1", "[::1]"), "127.0.0.1:8000", 200),
        (("localhost",), "[::1]", 400),
        (("*",), "anything.at.all:1", 200),
        (("*",), "not a host", 400),
        (("*",), "", 400),
        ((), "api.example.com", 400),
    ],
)
async def test_only_requests_for_us_are_answered(allowed: tuple[str, ...], host: str, status: int) -> None:
    service = make_service(allowed_hosts=allowed)

    answer = await ask(service, "GET", "/health/live", headers=[("host", host)])

    assert answer.status == status
    assert status == 200 or answer.code == "REQUEST_MALFORMED"


@pytest.mark.parametrize(
    ("allowed", "version", "status"), [(("*",), "1.0", 200), (("*",), "1.1", 400), (("a.example",), "1.0", 400)]
)
async def test_a_request_without_host_is_answered_only_in_http_1_0(
    allowed: tuple[str, ...], version: str, status: int
) -> None:
    async def inner(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    statuses: list[Any] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "scheme": "http"}
    edge = RequestEdge(inner, allowed_hosts=allowed)
    await edge({**scope, "http_version": version}, None, send)  # type: ignore[arg-type]

    assert statuses[0] == status


async def test_a_fault_below_the_framework_is_answered_and_logged(logged: Logged) -> None:
    async def inner(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("the secret of the house")

    answer = await ask(RequestEdge(inner, allowed_hosts=["*"]), "POST", "/")

    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    assert [line["message"] for line in logged()] == ["request.failed", "request.answered"]


async def test_a_fault_after_the_answer_has_begun_is_left_to_the_server() -> None:
    async def inner(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await ask(RequestEdge(inner, allowed_hosts=["*"]), "GET", "/")


async def test_what_is_not_http_is_passed_through() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    await RequestEdge(inner, allowed_hosts=[])({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    assert seen == ["lifespan"]


async def test_a_header_that_the_route_sets_is_not_set_again() -> None:
    async def inner(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"Cache-Control", b"public"), (b"content-security-policy", b"default-src 'self'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    answer = await ask(RequestEdge(inner, allowed_hosts=["*"]), "GET", "/")

    assert (answer.headers["cache-control"], answer.headers["content-security-policy"]) == (
        "public",
        "default-src 'self'",
    )
