"""Delivers the gateway's events: signed, repeated until somebody takes them, never in the way of a request."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

import aiohttp
import msgspec

from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.logs import log
from entrypoints.simulator.store import Delivery, Store

_AT_ONCE_MAX = 32


def signature_of(body: bytes, secret: str, *, at: int) -> str:
    """Sign a body: `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""
    digest = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Posting(msgspec.Struct, frozen=True):
    """How an event goes out: these bodies one after the other; none at all when it gets lost or is put off."""

    bodies: tuple[bytes, ...]
    put_off_seconds: float | None = None


def plainly(delivery: Delivery) -> Posting:
    """Post an event once, as it is."""
    return Posting((delivery.body,))


class Courier:
    """Carries events from the queue to their URLs. Runs inside one event loop, from `open` to `close`."""

    def __init__(
        self, store: Store, secret: str, delays: Delays, post_as: Callable[[Delivery], Posting] = plainly
    ) -> None:
        """Join the queue with the secret that signs and the pauses between tries; `post_as` may bring trouble."""
        self._post_as = post_as
        self._store = store
        self._secret = secret
        self._delays = delays
        self._deliveries: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.attention = asyncio.Event()

    async def open(self) -> None:
        """Take hold of the network."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._delays.callback_timeout_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Drop the deliveries that are under way (the queue still has them) and let go of the network."""
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send_due(self) -> None:
        """Start the delivery of what is due, as much as may be under way at once."""
        free = _AT_ONCE_MAX - len(self._deliveries)
        if free <= 0:
            return
        now = time.time()
        until = now + self._delays.callback_timeout_seconds + 5
        for delivery in self._store.claim_events(now=now, until=until, limit=free):
            task = asyncio.create_task(self._deliver(delivery))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    async def post(self, url: str, body: bytes, signature: str | None) -> int:
        """Post a callback and give the status of the answer, or 0 when there was none."""
        if self._session is None:
            return 0
        headers = {"Content-Type": "application/json", "User-Agent": "sandbox-gateway/1"}
        if signature is not None:
            headers["Sandbox-Signature"] = signature
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            log("warning", "callback.unanswered", url=url, fault=type(fault).__name__)
            return 0

    def sign(self, body: bytes, *, age_seconds: int = 0) -> str:
        """Sign a body with the secret that the merchant knows, as of so long ago."""
        return signature_of(body, self._secret, at=int(time.time()) - age_seconds)

    async def send_again(self, deliveries: Iterable[Delivery]) -> list[int]:
        """Send events now, one after the other, whatever became of them before; give the statuses of the answers."""
        return [await self.post(one.url, one.body, self.sign(one.body)) for one in deliveries]

    async def _deliver(self, delivery: Delivery) -> None:
        posting = self._post_as(delivery)
        if not posting.bodies:
            put_off = posting.put_off_seconds
            due_at = None if put_off is None else time.time() + put_off
            self._store.settle_event(delivery.number, attempts=delivery.attempts, due_at=due_at)
            log("info", "callback.withheld", url=delivery.url, put_off_seconds=put_off)
            self.attention.set()
            return
        status = 0
        for body in posting.bodies:
            status = await self.post(delivery.url, body, self.sign(body))
        taken = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        pauses = self._delays.callback_pauses
        over = taken or delivery.attempts >= len(pauses)
        due_at = None if over else time.time() + pauses[delivery.attempts]
        self._store.settle_event(delivery.number, attempts=delivery.attempts + (not taken), due_at=due_at)
        level = "info" if taken else "warning"
        log(level, "callback.delivered" if taken else "callback.refused", url=delivery.url, status=status)
        self.attention.set()
