"""Several processes serve one port: all of them are ready, none is missed for long, and none is left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from entrypoints.http.workers import QUICK_DEATHS_MAX, Board, bind
from tests.entrypoints.http.live import ROOT, LiveApi, environment_of
from tests.entrypoints.http.service import Service, serving, settings_for
from tests.fakes.stores import Database

MEMORY_MAX_KILOBYTES = 90 * 1024
WORKERS = 3

Start = Callable[[], Awaitable[LiveApi]]


@pytest.fixture
async def start(database: Database, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Start]:
    """Start an API of three workers, more than once on the same port."""
    started: list[LiveApi] = []

    async def begin() -> LiveApi:
        settings = settings_for(database, api_workers=WORKERS)
        started.append(LiveApi(settings, port=unused_tcp_port, log=tmp_path / "api.log"))
        return await started[-1].wait_ready()

    yield begin
    for one in started:
        await one.close()


@pytest.fixture
async def tenants(database: Database) -> AsyncIterator[Service]:
    async with serving(settings_for(database)) as service:
        yield service


def workers_of(api: LiveApi) -> set[int]:
    """Give the ids of the processes that it has forked and that live."""
    found = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
    return {int(pid) for pid in found if is_alive(int(pid))}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def sockets_of(pid: int) -> int:
    """Count the sockets that a process has open."""
    links = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return sum(link.startswith("socket:") for link in links)


async def until(happened: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_when_it_is_ready_all_workers_are_and_connections_are_spread_over_them(start: Start) -> None:
    api = await start()
    workers = workers_of(api)
    before = {pid: sockets_of(pid) for pid in workers}

    connections = [await asyncio.open_connection("127.0.0.1", api.port) for _ in range(60)]
    await until(lambda: sum(sockets_of(pid) - before[pid] for pid in workers) >= 60)

    taken = {pid: sockets_of(pid) - before[pid] for pid in workers}
    for _, writer in connections:
        writer.close()
    assert len(workers) == WORKERS
    assert min(taken.values()) >= 5


async def test_ids_that_different_workers_make_are_different(start: Start) -> None:
    api = await start()

    answers = [await api("GET", "/problems", b"", [("connection", "close")]) for _ in range(60)]

    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 60


async def test_a_worker_that_dies_is_replaced_and_hardly_missed(start: Start, tenants: Service) -> None:
    api = await start()
    shop = await tenants.open_shop(api)
    before = workers_of(api)
    victim = min(before)

    os.kill(victim, signal.SIGKILL)
    headers = [shop._credential, ("connection", "close")]
    answers = [await api("GET", "/v1/payments", b"", headers) for _ in range(60)]
    await until(lambda: len(workers_of(api)) == WORKERS)

    assert {answer.status for answer in answers} == {200}
    assert workers_of(api) & before == before - {victim}
    assert b'"api.worker_ended"' in api.log.read_bytes()


async def test_a_stop_ends_all_workers_in_time(start: Start) -> None:
    api = await start()
    workers = workers_of(api)

    began = time.monotonic()
    api.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(api.process.wait, 10)
    took = time.monotonic() - began

    assert code == 0
    assert [pid for pid in workers if is_alive(pid)] == []
    assert took < 5


async def test_workers_die_with_a_parent_that_is_killed_and_the_port_is_free_again(start: Start) -> None:
    api = await start()
    workers = workers_of(api)

    api.kill()
    await until(lambda: not any(map(is_alive, workers)), seconds=5)
    again = await start()

    assert len(workers_of(again)) == WORKERS


async def test_a_worker_is_not_large(start: Start, tenants: Service) -> None:
    api = await start()
    shop = await tenants.open_shop(api)
    for _ in range(30):
        await api("GET", "/v1/payments", b"", [shop._credential, ("connection", "close")])

    told = [Path(f"/proc/{pid}/status").read_text() for pid in workers_of(api)]
    resident = [int(line.split()[1]) for text in told for line in text.splitlines() if line.startswith("VmRSS")]

    assert len(resident) == WORKERS
    assert max(resident) <= MEMORY_MAX_KILOBYTES


def test_a_port_that_is_taken_ends_the_start_with_words(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = settings_for(database, api_workers=2)
        ended = subprocess.run(
            [sys.executable, "-m", "entrypoints.http.main"],
            cwd=ROOT,
            env=environment_of(settings) | {"API_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 1
    assert '"api.cannot_listen"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_nobody_else_can_slip_into_a_shared_port() -> None:
    sockets = bind("127.0.0.1", 0, count=2)
    port = sockets[0].getsockname()[1]

    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", port, count=2)

    assert {one.getsockname()[1] for one in sockets} == {port}
    for one in sockets:
        one.close()


MORTAL = """
import os, sys
from entrypoints.http.workers import Board, Workers, bind
from adapters.telemetry.logging import configure_logging
configure_logging(level="info", service="mediator", component="api")
board = Board(2)
def serve(number):
    if sys.argv[1] == "starts":
        board.mark_started(number)
    print("lived", flush=True)
    os._exit(7)
sys.exit(Workers(bind("127.0.0.1", 0, count=2), board, serve).run())
"""


@pytest.mark.parametrize(("way", "code", "lives_max"), [("fails", 7, 2), ("starts", 1, QUICK_DEATHS_MAX + 3)])
def test_workers_that_cannot_live_end_the_service(way: str, code: int, lives_max: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", MORTAL, way], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == code
    assert 1 <= ended.stdout.count("lived") <= lives_max


def test_the_board_is_complete_when_all_have_started() -> None:
    board = Board(2)
    told = [board.is_complete()]
    for number in (1, 0):
        board.mark_started(number)
        told.append(board.is_complete())

    assert told == [False, False, True]
