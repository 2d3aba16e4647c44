"""The outermost layer: gives each request its id, refuses what is not for us, and sees every answer out.

It wraps the framework instead of being one of its middlewares: those do not run when no route matches.
"""

import re
from collections.abc import Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from uuid_utils import uuid7

from adapters.telemetry import metrics, tracing
from adapters.telemetry.logging import get_logger
from adapters.telemetry.tracing import Attribute
from domain.errors import MediatorError
from entrypoints.http.edge.problems import send_problem
from entrypoints.http.edge.refusals import internal_error
from entrypoints.http.edge.targets import AllowedHosts, check_headers, check_path, check_query

HEALTH_PREFIX: Final = "/health/"
"""Asked every few seconds by whatever keeps us alive: logged at debug."""

ACCEPTED_ID: Final = re.compile(rb"^[A-Za-z0-9._-]{1,64}\Z")

# What every answer carries unless the route says otherwise: the documentation page needs a wider policy of its own.
ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
OVER_TLS: Final = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)


REPLAYED: Final = b"idempotency-replayed"
ABANDONED: Final = 499
"""As what a request without an answer is counted: nginx's status for a caller who went away."""


def new_request_id() -> str:
    """Make an id that sorts by time: `req_` and the hexadecimal digits of a UUIDv7."""
    return f"req_{uuid7().hex}"


class RequestEdge:
    """An ASGI application around the framework's.

    Leaves `request_id` in the scope's state; reads `answer_headers` there, for the answer, and for the access line
    `tenant_id` and the route's template.
    """

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: Iterable[str], request_ids: Callable[[], str] = new_request_id
    ) -> None:
        """Wrap `app`; answer only to `allowed_hosts` (`*` for any, `.example.com` for every name below)."""
        self._app = app
        self._hosts = AllowedHosts(allowed_hosts)
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; pass start and stop of the process through."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = self._request_id(headers.get(b"x-request-id"))
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        outcome = Outcome(scope, send, request_id)
        metrics.IN_FLIGHT.add((), 1.0)
        try:
            await self._followed(scope, receive, outcome)
        finally:
            metrics.IN_FLIGHT.add((), -1.0)
            outcome.tell()

    async def _followed(self, scope: HTTPScope, receive: Receive, outcome: "Outcome") -> None:
        """Answer it, within a span where this request is followed."""
        span = tracing.at_the_door(scope["headers"], scope["method"])
        if span is None:
            await self._answer(scope, receive, outcome)
            return
        with tracing.entered(span):
            structlog.contextvars.bind_contextvars(**tracing.log_keys())
            try:
                await self._answer(scope, receive, outcome)
            finally:
                tell_request(span, scope["method"], outcome.route, outcome.told_status, outcome.request_id)

    async def _answer(self, scope: HTTPScope, receive: Receive, outcome: "Outcome") -> None:
        try:
            headers = check_headers(scope)
            self._hosts.check(headers.get(b"host"), http_version=scope["http_version"])
            check_path(scope)
            check_query(scope["query_string"])
            await self._app(scope, receive, outcome.send)
        except Exception as fault:
            if outcome.status is not None:
                # An answer has begun and cannot be taken back: the server logs the fault and cuts the connection.
                raise
            await send_problem(scope, outcome.send, refusal_of(fault, scope))

    def _request_id(self, sent: bytes | None) -> str:
        return sent.decode() if sent and ACCEPTED_ID.match(sent) else self._request_ids()


def refusal_of(fault: Exception, scope: HTTPScope) -> MediatorError:
    """Give the refusal to answer a fault with; one that is not ours is logged, and not told."""
    if isinstance(fault, MediatorError):
        return fault
    get_logger().error("request.failed", exc_info=fault)
    return internal_error(scope["method"])


def tell_request(span: tracing.Span, method: str, route: str, status: int, request_id: str) -> None:
    """Say in its span what became of a request."""
    span.rename(f"{method} {route}")
    span.tell(Attribute.METHOD, method)
    span.tell(Attribute.ROUTE, route)
    span.tell(Attribute.STATUS, status)
    span.tell(Attribute.REQUEST_ID, request_id)
    if status >= HTTP_500_INTERNAL_SERVER_ERROR:
        span.fail(str(status))


class Outcome:
    """What becomes of one request: adds the headers of every answer, keeps the status, writes the access line."""

    def __init__(self, scope: HTTPScope, send: Send, request_id: str) -> None:
        """Start the clock of the request."""
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self.request_id = request_id
        self._replayed = False
        self._started = perf_counter()

    @property
    def route(self) -> str:
        """The template of the route that took it."""
        return str(self._scope.get("path_template") or metrics.UNMATCHED)

    @property
    def told_status(self) -> int:
        """The status of the answer; 499 for a caller who went away before there was one."""
        return ABANDONED if self.status is None else self.status

    async def send(self, message: Message) -> None:
        """Pass a message on; the first one gets the headers that are still missing."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", ()))
            present = {name.lower() for name, _ in own}
            wanted = ALWAYS + OVER_TLS if self._scope["scheme"] == "https" else ALWAYS
            own.extend(header for header in wanted if header[0] not in present)
            own.append((b"x-request-id", self.request_id.encode()))
            own.extend(self._scope["state"].get("answer_headers", ()))
            message["headers"] = own
            self._replayed = any(name.lower() == REPLAYED for name, _ in own)
        await self._send(message)

    def tell(self) -> None:
        """Count the request and write its access line.

        Neither tells the path or the query, which may hold what nobody chose to log.
        """
        route, seconds = self.route, perf_counter() - self._started
        metrics.request_at(self._scope["method"], route, self.told_status, seconds)
        if self._replayed:
            metrics.replay_at(self._scope["method"], route)
        level = "warning" if self.status is None or self.status >= HTTP_500_INTERNAL_SERVER_ERROR else "info"
        getattr(get_logger(), "debug" if route.startswith(HEALTH_PREFIX) else level)(
            "request.abandoned" if self.status is None else "request.answered",
            method=self._scope["method"],
            route=route,
            status=self.status,
            duration_ms=round(seconds * 1_000, 3),
            tenant_id=self._scope.get("state", {}).get("tenant_id"),
        )
