"""A gateway on a real socket that cuts the connection after so many bytes, of the request or of its answer."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_BODY = json.dumps(
    {
        "id": "ch_1",
        "payment": "pay_1",
        "status": "authorized",
        "amount": 1_000,
        "currency": "EUR",
        "authorized": 1_000,
        "captured": 0,
    }
).encode()


@dataclass(frozen=True)
class _Answer:
    framed: bytes
    unframed: bytes


ANSWER = _Answer(
    framed=b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(_BODY) + _BODY,
    unframed=b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n" + _BODY,
)
"""What it answers: with a length, so that a missing end is seen, or until the connection ends, so that it is not."""


@dataclass(frozen=True)
class CutAt:
    """Where to cut: after so many bytes of the request, or of the answer; `resets` by RST instead of FIN."""

    request: int | None
    answer: int | None
    framed: bool = True
    resets: bool = False


class Served:
    """What the server saw."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.port = 0
        self.effects = 0


@asynccontextmanager
async def cutting_server(cut: CutAt) -> AsyncIterator[Served]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    served = Served()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await _whole_request(reader, cut.request):
                served.effects += 1
                whole = ANSWER.framed if cut.framed else ANSWER.unframed
                writer.write(whole if cut.answer is None else whole[: cut.answer])
                await writer.drain()
            if cut.resets and not served.effects:
                _reset(writer)
        except ConnectionError:
            pass  # The client went away first.
        finally:
            writer.close()

    listener = await asyncio.start_server(converse, "127.0.0.1", 0)
    served.port = listener.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        listener.close()
        await listener.wait_closed()


async def _whole_request(reader: asyncio.StreamReader, bytes_max: int | None) -> bool:
    """Read a request to its end, or to where it is cut; whether it was whole."""
    got = b""
    while bytes_max is None or len(got) < bytes_max:
        piece = await reader.read(65_536 if bytes_max is None else bytes_max - len(got))
        if not piece:
            return False
        got += piece
        if _is_whole(got):
            return True
    return False


def _is_whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return len(body) >= int(fields.get(b"content-length", b"0"))


def _reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
