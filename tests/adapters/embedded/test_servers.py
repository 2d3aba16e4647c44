"""What a single server does when the machine is not as hoped: its port taken, its log grown."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from adapters.embedded.binaries import find_postgres, find_redis
from adapters.embedded.child import stop_children
from adapters.embedded.errors import StoreNotReady
from adapters.embedded.identity import choose_identity, ways_for
from adapters.embedded.ports import PortMemory
from adapters.embedded.postgres import PostgresServer
from adapters.embedded.startup import Startup
from adapters.embedded.stores import EmbeddedStores
from adapters.embedded.valkey import ValkeyServer


class TakenPorts(PortMemory):
    """Chooses a port that somebody took meanwhile, some times, before a free one."""

    def __init__(self, folder: Path, *, taken: int, times: int) -> None:
        super().__init__(folder)
        self._taken = taken
        self._times = times

    def choose(self, name: str) -> int:
        self._times -= 1
        return self._taken if self._times >= 0 else super().choose(name)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def startup(tmp_path: Path) -> Startup:
    (tmp_path / "logs").mkdir()
    (tmp_path / "valkey").mkdir()
    (tmp_path / "postgres").mkdir()
    return Startup(
        folder=tmp_path, fsync=False, ready_seconds=10.0, tell=lambda _step: None, cancelled=threading.Event()
    )


def test_valkey_tries_another_port_when_somebody_was_quicker(startup: Startup, taken_port: int) -> None:
    ports = TakenPorts(startup.folder, taken=taken_port, times=2)
    server = ValkeyServer(startup, find_redis({}), ports, "open-sesame")
    server.claim()

    try:
        server.start()
        server.await_ready()
        assert server.port != taken_port
        assert redis.Redis(port=server.port, password="open-sesame").ping()
    finally:
        stop_children([child for child in [server.child] if child is not None])
        server.release()


def test_a_port_that_stays_taken_is_reported(startup: Startup, taken_port: int) -> None:
    ports = TakenPorts(startup.folder, taken=taken_port, times=99)
    server = ValkeyServer(startup, find_redis({}), ports, "open-sesame")
    server.claim()
    server.start()

    with pytest.raises(StoreNotReady, match="Address already in use"):
        server.await_ready()

    server.release()


def test_postgresql_tries_another_port_too(startup: Startup, taken_port: int) -> None:
    ports = TakenPorts(startup.folder, taken=taken_port, times=2)
    program = find_postgres({})
    identity, program = choose_identity(program, startup.folder / "postgres", ways=ways_for(os.geteuid()))
    server = PostgresServer(startup, program, identity, ports)
    server.claim()

    try:
        server.start("open-sesame")
        assert server.port != taken_port
        assert server.child is not None
        assert server.child.is_running
    finally:
        stop_children([child for child in [server.child] if child is not None])
        server.release()


def test_a_port_is_remembered_as_long_as_it_is_free(tmp_path: Path, taken_port: int) -> None:
    ports = PortMemory(tmp_path)
    free = ports.choose("valkey")
    ports.keep("valkey", free)
    ports.keep("postgres", taken_port)

    assert ports.choose("valkey") == free
    assert ports.choose("postgres") != taken_port


def test_a_log_that_has_grown_large_is_set_aside(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "valkey.log").write_bytes(b"old\n" + bytes(17 * 1024 * 1024))

    with EmbeddedStores(tmp_path, fsync=False):
        pass

    assert (logs / "valkey.log.1").read_bytes()[:4] == b"old\n"
    assert (logs / "valkey.log").stat().st_size < 1024 * 1024
