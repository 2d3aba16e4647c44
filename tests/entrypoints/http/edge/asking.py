"""Asks an ASGI application directly, byte by byte as no well-behaved client would."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message

Header = tuple[str, str]


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self
        return str(self.json()["code"])


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] = b"",
    *,
    headers: Iterable[Header] = (("content-type", "application/json"), ("authorization", "Bearer key")),
    raw_path: bytes | None = None,
    query: bytes = b"",
    hang: bool = False,
    disconnect: bool = False,
    extra: Iterable[Header] = (),
    scheme: str = "http",
    http_version: str = "1.1",
) -> Answer:
    """Send one request and collect its answer.

    `hang`: after the chunks of the body nothing comes any more. `disconnect`: after them the caller is gone.
    """
    chunks = [body] if isinstance(body, bytes) else list(body)
    sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (*headers, *extra)]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": http_version,
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [*sent, *([] if any(name == b"host" for name, _ in sent) else [(b"host", b"api.example.com")])],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
    messages: list[Message] = []

    async def receive() -> Any:
        if chunks:
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks) or hang or disconnect}
        if disconnect:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        return None

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    return _answer(messages)


def _answer(messages: list[Any]) -> Answer:
    if not messages:
        return Answer(0, {}, b"")
    start, *rest = messages
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    assert len(headers) == len(start["headers"]), f"a header came twice: {start['headers']}"
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))
