"""Reads request bodies before the framework does: bounded in size and time, and only what reads one way.

The framework parses JSON of any content type, keeps the last of two equal names, and fails with a 500 on deep nesting
or invalid UTF-8. In front of it stands this.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
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
    """Paths whose bodies are signed by somebody else: any content type, any bytes."""
    raw_size_max: int = 1_048_576
    """Bytes, where bodies are raw: what somebody else writes is as long as he likes."""
    read_later: tuple[str, ...] = ()
    """Paths whose routes read their bodies by themselves, once they know who asks: too large for everybody."""

    def is_raw(self, path: str) -> bool:
        """Whether bodies sent to this path are anybody's bytes."""
        return path.startswith(self.raw_prefixes)

    def bound(self, path: str) -> int:
        """How many bytes a body sent to this path may have."""
        return self.raw_size_max if self.is_raw(path) else self.size_max


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
        self._reader = BodyReader(rules or BodyRules())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, check and replay the body of one request."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in SAFE_METHODS or self._reader.is_read_later(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._reader.checked(scope, receive)
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


class BodyReader:
    """Reads bodies by rules: for the layer in front, and for routes that read theirs by themselves."""

    def __init__(self, rules: BodyRules) -> None:
        """Go by these rules."""
        self._rules = rules

    def is_read_later(self, scope: HTTPScope) -> bool:
        """Whether the route of this request reads the body by itself."""
        return scope["path"] in self._rules.read_later

    async def body(self, scope: HTTPScope, receive: Receive) -> bytes:
        """Read a whole JSON body. Raises REQUEST_TOO_LARGE, REQUEST_MALFORMED, MEDIA_TYPE_UNSUPPORTED."""
        with _as_refusals():
            return await self.checked(scope, receive)

    async def lines(self, scope: HTTPScope, receive: Receive) -> AsyncIterator[bytes]:
        """Read a body line by line, as it comes; what is in the lines is for the caller to check. Raises as `body`."""
        headers = dict(scope["headers"])
        with _as_refusals():
            size_max = self._rules.bound(scope["path"])
            _check_announced(headers, size_max)
            _check_encoding(headers)
            rest = b""
            async for chunk in self._chunks(receive, size_max):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line
            yield rest

    async def checked(self, scope: HTTPScope, receive: Receive) -> bytes:
        """Read a whole body and check what it is; as `body`, but says when the connection is spoilt or gone."""
        headers = dict(scope["headers"])
        size_max = self._rules.bound(scope["path"])
        _check_announced(headers, size_max)
        body = await self._read(receive, size_max)
        if body:
            _check_encoding(headers)
            if not self._rules.is_raw(scope["path"]):
                _check_media_type(headers)
                check_json(body)
        return body

    async def _read(self, receive: Receive, size_max: int) -> bytes:
        try:
            async with asyncio.timeout(self._rules.timeout_seconds):
                return b"".join([chunk async for chunk in self._chunks(receive, size_max)])
        except TimeoutError as fault:
            raise _Unread(self._too_slow()) from fault

    async def _chunks(self, receive: Receive, size_max: int) -> AsyncIterator[bytes]:
        size = 0
        while True:
            try:
                async with asyncio.timeout(self._rules.timeout_seconds):
                    message = await receive()
            except TimeoutError as fault:
                raise _Unread(self._too_slow()) from fault
            if message["type"] != "http.request":
                raise _Gone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > size_max:
                raise _Unread(_too_large(size_max))
            yield chunk
            if not message.get("more_body", False):
                return

    def _too_slow(self) -> MediatorError:
        return malformed(f"The body did not end within {self._rules.timeout_seconds:g} seconds.")


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Say to a route what hinders its reading: there is a server around it that ends a spoilt connection."""
    try:
        yield
    except _Unread as unread:
        raise unread.refusal from unread
    except _Gone as gone:
        raise malformed("The body has no end.") from gone


def _check_announced(headers: Mapping[bytes, bytes], size_max: int) -> None:
    announced = headers.get(b"content-length")
    if announced is None:
        return
    if not announced.isdigit() or b"transfer-encoding" in headers:
        # RFC 9112 §6.3: two lengths, or none that is a number, is how requests are smuggled.
        raise _Unread(malformed("The length of the body is not clear."))
    if len(announced) > len(str(size_max)) or int(announced) > size_max:
        raise _Unread(_too_large(size_max))


def _too_large(size_max: int) -> MediatorError:
    return MediatorError(REQUEST_TOO_LARGE, f"The body has more than {size_max} bytes.")


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
