"""One connection to Redis that sends what many callers ask at the same time as one packet.

redis-py's asyncio client costs 45 to 100 microseconds of CPU per command, this 5 to 8.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

import hiredis

ANSWER_SECONDS: Final = 0.05
CONNECT_SECONDS: Final = 0.5
PENDING_MAX: Final = 10_000
PORT: Final = 6379
BACKOFF_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

Word = str | bytes | int
Reply = object

_INCOMPLETE: Final = object()


class RedisAway(Exception):
    """Redis cannot be asked now, or did not answer in time; whether it obeyed is not known."""


class RedisConnection:
    """Connects when it is first asked, and again, behind everybody's back, after it was lost: nobody waits for that."""

    def __init__(
        self, url: str, *, answer_seconds: float = ANSWER_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        """Know where Redis is: `redis[s]://[user:password@]host[:port][/database]`. Raises ValueError for no port."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or PORT
        self._context = ssl.create_default_context() if parts.scheme == "rediss" else None
        self._greeting = _greeting(parts)
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._link: _Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._failures = 0
        self._retry_at = 0.0

    async def ask(self, *words: Word) -> Reply:
        """Send a command and give its reply; a refusal is a reply too, a `hiredis.ReplyError`. Raises RedisAway."""
        if self._link is None or self._link.is_lost:
            await self._connect()
        if self._link is None:
            raise RedisAway("there is no connection")
        return await self._link.ask(words)

    async def close(self) -> None:
        """Close the connection; who still waits is told RedisAway."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._link is not None:
            self._link.lose("it was closed")

    async def _connect(self) -> None:
        """Begin to connect unless that is under way or too early; only the very first attempt is waited for."""
        is_first = self._link is None and self._failures == 0
        if self._connecting is None or self._connecting.done():
            if self._clock() < self._retry_at:
                raise RedisAway("the last attempt to connect failed just now")
            self._connecting = asyncio.create_task(self._attempt())
        if not is_first:
            raise RedisAway("the connection is being made anew")
        await asyncio.shield(self._connecting)

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._link = await self._opened()
        except (OSError, RedisAway):  # A TimeoutError is an OSError.
            pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
            self._failures += 1
            self._retry_at = self._clock() + pause
            self._link = None
            return
        self._failures = 0

    async def _opened(self) -> "_Link":
        """Open a link and make sure that somebody answers there: a stopped server's system takes connections too."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(
            lambda: _Link(self._answer_seconds), self._host, self._port, ssl=self._context
        )
        try:
            for words in self._greeting:
                _require_success(await link.ask(words))
        except BaseException:
            link.lose("its greeting failed")
            raise
        return link


def _greeting(parts: SplitResult) -> list[tuple[Word, ...]]:
    greeting: list[tuple[Word, ...]] = []
    if parts.password:
        names = [unquote(parts.username)] if parts.username else []
        greeting.append(("AUTH", *names, unquote(parts.password)))
    if database := parts.path.strip("/"):
        greeting.append(("SELECT", database))
    return [*greeting, ("PING",)]


def _require_success(reply: Reply) -> None:
    """Raise RedisAway for a refusal: a wrong password, say. Its words do not repeat what was sent."""
    if isinstance(reply, hiredis.ReplyError):
        raise RedisAway(f"it refused the greeting: {reply}")


class _Link(asyncio.Protocol):
    """One TCP connection: commands of one turn of the loop go out together, replies come back in their order."""

    def __init__(self, answer_seconds: float) -> None:
        self.is_lost = False
        self._answer_seconds = answer_seconds
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._pending: deque[tuple[asyncio.Future[Reply], float]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None

    def ask(self, words: tuple[Word, ...]) -> "asyncio.Future[Reply]":
        """Queue a command. Raises RedisAway when too many wait already."""
        if self.is_lost or len(self._pending) >= PENDING_MAX:
            raise RedisAway("the connection was lost" if self.is_lost else f"{PENDING_MAX} commands wait already")
        answer: asyncio.Future[Reply] = self._loop.create_future()
        now = self._loop.time()
        self._pending.append((answer, now))
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub means a tuple of any length
        if self._watch is None:
            self._watch = self._loop.call_at(now + self._answer_seconds, self._look)
        return answer

    def lose(self, why: str) -> None:
        """Cut the connection, and tell everybody who waits."""
        self.is_lost = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._transport is not None:
            self._transport.abort()
        while self._pending:
            answer, _ = self._pending.popleft()
            if not answer.done():
                answer.set_exception(RedisAway(why))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write. A transport of uvloop is none of asyncio's by class, only by what it can do."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand each reply to the one who has waited longest."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _INCOMPLETE:
                answer, _ = self._pending.popleft()
                if not answer.done():
                    answer.set_result(reply)
        except (hiredis.ProtocolError, IndexError):
            self.lose("what it said is not Redis")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        self.lose(f"the connection was lost: {exc}")

    def _flush(self) -> None:
        if self._transport is not None and not self.is_lost:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _look(self) -> None:
        """Cut a connection whose oldest command has waited too long: the others wait behind it."""
        self._watch = None
        if not self._pending:
            return
        late_at = self._pending[0][1] + self._answer_seconds
        if self._loop.time() >= late_at:
            self.lose(f"no answer within {self._answer_seconds:g} s")
        else:
            self._watch = self._loop.call_at(late_at, self._look)
