"""Reads request bodies before the framework does: bounded in size and time, and only what reads one way.

The framework parses JSON of any content type, keeps the last of two equal names, and fails with a 500 on deep nesting
or invalid UTF-8. In front of it stands this.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from domain.errors import MEDIA_TYPE_UNSUPPORTED, REQUEST_TOO_LARGE, MediatorError
from entrypoints.http.edge.problems import send_problem
from entrypoints.http.edge.refusals import SAFE_METHODS, malformed
from entrypoints.http.edge.strict_json import check_json

_JSON: Final = re.compile(rb'^application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?\Z', re.IGNORECASE)


class BodyRules(msgspec.Struct, frozen=True):
    """How much of a body is read, for how long, and where it need not be JSON."""

    size_max: int = 65_536
    """Bytes."""
    timeout_seconds: float = 10.0
    """From the first byte waited for to the last one received."""
    raw_prefixes: tuple[str, ...] = ("/v1/callbacks/",)
    """Paths whose bodies are signed by somebody else: any content type, any bytes, the same bound."""


class _Unread(Exception):
    """A refusal that leaves bytes on the connection, so that it cannot be used again."""

    def __init__(self, refusal: MediatorError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class _Gone(Exception):
    """The caller hung up before the body was complete: there is nobody to answer."""


class StrictBodies:
    """An ASGI application in front of the framework's. Leaves the bytes as they came in the state's `raw_body`.

    A body larger than the bound is 413 REQUEST_TOO_LARGE, whatever its Content-Length says. One that is not complete
    in time is 400 REQUEST_MALFORMED: a 408 would invite browsers and proxies to send the same again by themselves
    (RFC 9110 §15.5.9), and the request was not well formed, for it had no end. In both cases the connection is closed.
    Methods that ask for no effect are passed through unread: no route reads a body there.
    """

    def __init__(self, app: ASGIApp, rules: BodyRules | None = None) -> None:
        """Wrap `app`."""
        self._app = app
        self._rules = rules or BodyRules()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, check and replay the body of one request."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._checked(scope, receive)
        except _Gone:
            return
        except _Unread as unread:
            # HTTP/2 and later have no such header: there the server resets the stream.
            close = (("connection", "close"),) if scope["http_version"].startswith("1") else ()
            await send_problem(scope, send, unread.refusal, headers=close)
            return
        except MediatorError as refusal:
            await send_problem(scope, send, refusal)
            return
        scope.setdefault("state", {})["raw_body"] = body
        await self._app(scope, _replayed(body, receive), send)

    async def _checked(self, scope: HTTPScope, receive: Receive) -> bytes:
        headers = dict(scope["headers"])
        self._check_announced(headers)
        body = await self._read(receive)
        if body:
            _check_encoding(headers)
            if not scope["path"].startswith(self._rules.raw_prefixes):
                _check_media_type(headers)
                check_json(body)
        return body

    def _check_announced(self, headers: Mapping[bytes, bytes]) -> None:
        announced = headers.get(b"content-length")
        if announced is None:
            return
        if not announced.isdigit() or b"transfer-encoding" in headers:
            # RFC 9112 §6.3: two lengths, or none that is a number, is how requests are smuggled.
            raise _Unread(malformed("The length of the body is not clear."))
        if len(announced) > len(str(self._rules.size_max)) or int(announced) > self._rules.size_max:
            raise _Unread(self._too_large())

    async def _read(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self._rules.timeout_seconds):
                return await self._received(receive)
        except TimeoutError as fault:
            seconds = f"{self._rules.timeout_seconds:g}"
            raise _Unread(malformed(f"The body did not end within {seconds} seconds.")) from fault

    async def _received(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise _Gone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._rules.size_max:
                raise _Unread(self._too_large())
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _too_large(self) -> MediatorError:
        return MediatorError(REQUEST_TOO_LARGE, f"The body has more than {self._rules.size_max} bytes.")


def _check_encoding(headers: Mapping[bytes, bytes]) -> None:
    encoding = headers.get(b"content-encoding", b"identity")
    if encoding.strip().lower() != b"identity":
        raise MediatorError(MEDIA_TYPE_UNSUPPORTED, "The body is encoded; send it as it is.")


def _check_media_type(headers: Mapping[bytes, bytes]) -> None:
    # A form of a foreign page can send text/plain without asking first; it cannot send this.
    if not _JSON.match(headers.get(b"content-type", b"").strip()):
        raise MediatorError(MEDIA_TYPE_UNSUPPORTED, "The Content-Type is not application/json in UTF-8.")


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[ReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> ReceiveMessage:
        return pending.pop() if pending else await receive()

    return replay
