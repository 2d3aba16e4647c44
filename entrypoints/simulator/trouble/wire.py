"""What goes wrong with an answer on its way: cut after so many bytes, dripping, late. The effect has happened."""

import asyncio
import socket
import struct
from collections import deque
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

import msgspec
from aiohttp import web

KINDS = (
    "authorize|capture|void|refund|payout|look_up|books"
    "|khalti\\.(initiate|lookup|refund)|esewa\\.(form|status)|bank\\.books"
)
"""The kinds of requests that trouble can be ordered for."""


class WireFault(StrEnum):
    """How an answer suffers: its connection ends after some bytes, is reset there, or they come one by one, or late."""

    CUT = "cut"
    RESET = "reset"
    DRIP = "drip"
    DELAY = "delay"


class WireOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /control/wire`: the answers to the next `count` requests of the kind `on` suffer so.

    `after_bytes` is how much of the answer, head included, still comes through before it is cut or reset. `seconds` is
    the delay before it, or between any two bytes of it. A count of 0 forgets what was ordered for the kind.
    """

    kind: WireFault
    on: Annotated[str, msgspec.Meta(pattern=rf"\A({KINDS})\Z")]
    count: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 1
    after_bytes: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0


class WireOrders:
    """What was ordered and has not happened yet, first ordered first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: deque[WireOrder] = deque()

    def order(self, asked: WireOrder) -> None:
        """Let the answers to the next requests of a kind suffer."""
        if asked.count == 0:
            self._waiting = deque(waiting for waiting in self._waiting if waiting.on != asked.on)
        self._waiting.extend([asked] * asked.count)

    def take(self, on: str) -> WireOrder | None:
        """Take what comes next for a request of that kind, if anything was ordered."""
        for waiting in self._waiting:
            if waiting.on == on:
                self._waiting.remove(waiting)
                return waiting
        return None


async def send_badly(request: web.Request, response: web.Response, fault: WireOrder) -> web.StreamResponse:
    """Send a finished answer as the fault says."""
    match fault.kind:
        case WireFault.DELAY:
            await asyncio.sleep(fault.seconds)
            return response
        case WireFault.CUT | WireFault.RESET:
            _cut(request, raw_answer(response)[: fault.after_bytes], reset=fault.kind is WireFault.RESET)
            return response
        case WireFault.DRIP:
            await _drip(request, raw_answer(response), seconds=fault.seconds)
            return response


def raw_answer(response: web.Response) -> bytes:
    """Write an answer as it goes over the wire, byte for byte."""
    body = response.body if isinstance(response.body, bytes) else b""
    phrase = response.reason or HTTPStatus(response.status).phrase
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _cut(request: web.Request, through: bytes, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if through:
        transport.write(through)
    if not reset:
        transport.close()
        return
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None:
        # With no time to linger, closing sends RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _drip(request: web.Request, raw: bytes, *, seconds: float) -> None:
    for byte in raw:
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        transport.write(bytes([byte]))
        await asyncio.sleep(seconds)
    if request.transport is not None:
        request.transport.close()
