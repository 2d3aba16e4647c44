"""The little server at which metrics are read."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from adapters.telemetry.families import Counter, write_to
from adapters.telemetry.metrics_server import HEAD_MAX, MetricsServer, bind
from adapters.telemetry.shared_cells import SharedCells

SERVED = Counter("test_served_total", "Counts for the server's tests.")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Serve on any port."""
    cells = SharedCells(1)
    write_to(cells.claim())
    SERVED.add()
    listening = bind("127.0.0.1", 0)
    server = MetricsServer(cells, _more)
    await server.start(listening)
    yield listening.getsockname()[1]
    await server.stop()
    listening.close()
    write_to(None)
    cells.close()


async def _more() -> str:
    return "# of a collector\n"


async def _asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_metrics_are_told_as_text(port: int) -> None:
    head, _, body = (await _asked(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")
    assert b"test_served_total 1\n" in body
    assert b"mediator_metrics_series_lost_total 0\n" in body
    assert body.endswith(b"# of a collector\n")
    assert f"Content-Length: {len(body)}".encode() in head


async def test_a_head_request_gets_no_body(port: int) -> None:
    answer = await _asked(port, b"HEAD /metrics?x=1 HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1", b"404"),
        (b"GET /metrics/../etc HTTP/1.1", b"404"),
        (b"POST /metrics HTTP/1.1", b"405"),
        (b"\x16\x03\x01 nonsense", b"405"),
    ],
)
async def test_nothing_else_is_to_be_had(port: int, request_line: bytes, status: bytes) -> None:
    assert (await _asked(port, request_line + b"\r\n\r\n")).split(b" ")[1] == status


async def test_an_endless_head_is_cut_off(port: int) -> None:
    assert await _asked(port, b"GET /metrics HTTP/1.1\r\n" + b"A" * HEAD_MAX * 4 + b"\r\n\r\n") == b""


def test_a_taken_address_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", taken.getsockname()[1])
