"""How the gateway misbehaves on the wire, and the faults that were ordered for the next requests."""

import asyncio
import socket
import struct
from collections import deque
from typing import Annotated

import msgspec
from aiohttp import web

from entrypoints.simulator.tokens import Fault
from entrypoints.simulator.views import refused


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /control/faults`: the next `count` requests of the kind `on` go wrong in this way.

    `on` is an operation (authorize, capture, void, refund, payout), `look_up` or `books`.
    """

    kind: Fault
    on: Annotated[str, msgspec.Meta(pattern=r"\A(authorize|capture|void|refund|payout|look_up|books)\Z")]
    count: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 1


class Faults:
    """The faults that are still to happen, first ordered first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: deque[tuple[str, Fault]] = deque()

    def order(self, asked: FaultOrder) -> None:
        """Let the next requests of a kind go wrong. A count of 0 forgets what was ordered for it."""
        if asked.count == 0:
            self._waiting = deque(waiting for waiting in self._waiting if waiting[0] != asked.on)
        self._waiting.extend([(asked.on, asked.kind)] * asked.count)

    def take(self, on: str) -> Fault | None:
        """Take the next fault for a request of that kind, if one was ordered."""
        for waiting in self._waiting:
            if waiting[0] == on:
                self._waiting.remove(waiting)
                return waiting[1]
        return None


async def misbehave(request: web.Request, fault: Fault, *, hang_seconds: float) -> web.StreamResponse:
    """Answer wrongly, late or not at all."""
    match fault:
        case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
            return _answer(500, refused("internal_error", "Something went wrong."))
        case Fault.RATE_LIMIT:
            return _answer(429, refused("rate_limited", "Too many requests; nothing was processed."))
        case Fault.GARBAGE:
            return _answer(200, b'{"id": "ch_\xff\xfe", "status": <html>')
        case Fault.HANG:
            await asyncio.sleep(hang_seconds)
            return _cut(request)
        case Fault.CUT | Fault.CUT_BEFORE | Fault.LATE:
            return _cut(request)


def _answer(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    """Reset the connection: with no time to linger, closing sends RST instead of FIN."""
    transport = request.transport
    if transport is not None:
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
