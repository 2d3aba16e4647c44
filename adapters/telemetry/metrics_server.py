"""Answers `GET /metrics` on an address of its own: a server so small that it can do nothing else."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.telemetry.exposition import CONTENT_TYPE, block, exposed
from adapters.telemetry.logging import get_logger
from adapters.telemetry.process_metrics import exposed_processes
from adapters.telemetry.shared_cells import SharedCells

PATH: Final = "/metrics"
HEAD_MAX: Final = 8_192
ASK_SECONDS: Final = 5.0
BACKLOG: Final = 16
OPEN_MAX: Final = 32
"""Connections that are answered at once; whoever comes beyond that is turned away."""

Collect = Callable[[], Awaitable[str]]
"""Gives further metrics as text; asked each time. It must not raise, nor take long."""

_ASKED: Final = re.compile(rb"(GET|HEAD) (?:https?://[^/ ]*)?([^? ]*)(?:\?[^ ]*)? HTTP/1\.[01]\Z")


def bind(host: str, port: int) -> socket.socket:
    """Listen there, before processes are forked that share it. Raises OSError when somebody else does."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class MetricsServer:
    """Whichever process answers tells of all of them."""

    def __init__(self, cells: SharedCells, *collectors: Collect) -> None:
        """Tell what is in these cells, and what the collectors give."""
        self._cells = cells
        self._collectors = collectors
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, listening: socket.socket) -> None:
        """Begin to answer on a socket that listens already."""
        own = listening.dup()  # The server closes what it is given.
        self._server = await asyncio.start_server(self._answer, sock=own, limit=HEAD_MAX)

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()

    async def text(self) -> str:
        """Give all metrics as text."""
        used = self._cells.used()
        living = [(number, slot.pid) for number, slot in used if slot.is_alive]
        lost = sum(slot.lost for _, slot in used)
        parts = [
            exposed(self._cells),
            exposed_processes(living),
            block(*_LOST, [(_LOST[0], (), lost)]),
            *[await collect() for collect in self._collectors],
        ]
        return "".join(parts)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= OPEN_MAX:
                async with asyncio.timeout(ASK_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(await self._answer_to(head.partition(b"\r\n")[0]))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # Whoever asks so, or goes away, needs no answer.
        except Exception as fault:  # noqa: BLE001 -- the edge of the process: a fault of ours is logged, and no more
            get_logger().error("metrics.failed", exc_info=fault)
        finally:
            self._open -= 1
            writer.close()

    async def _answer_to(self, line: bytes) -> bytes:
        asked = _ASKED.match(line)
        if asked is None:
            return _response("405 Method Not Allowed", b"", more="Allow: GET, HEAD\r\n")
        if asked[2] != PATH.encode():
            return _response("404 Not Found", f"There is only {PATH} here.\n".encode())
        body = (await self.text()).encode()
        return _response("200 OK", body, kind=CONTENT_TYPE, without_body=asked[1] == b"HEAD")


_LOST: Final = (
    "mediator_metrics_series_lost_total",
    "counter",
    "Series that found no room and are not told of; anything but 0 is a fault of ours.",
)


def _response(
    status: str, body: bytes, *, kind: str = "text/plain; charset=utf-8", more: str = "", without_body: bool = False
) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if without_body else body)
