"""Whatever is killed, the next start recovers by itself and nothing that was committed is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from adapters.embedded.errors import OldServerStillRunning
from adapters.embedded.stores import EmbeddedStores, StoreUrls

Fetch = Callable[..., Any]
ROWS = 1_000


async def _write(urls: StoreUrls, fetch: Fetch) -> None:
    """Commit rows one by one and push items one by one: each was answered before the next."""
    await fetch(urls.database_owner_url, "CREATE TABLE kept (id int PRIMARY KEY)")
    connection = await asyncpg.connect(urls.database_owner_url, ssl=False)
    client = redis.Redis.from_url(urls.redis_url)
    for number in range(ROWS):
        await connection.execute("INSERT INTO kept VALUES ($1)", number)
        client.rpush("kept", number)
    connection.terminate()


async def _read(urls: StoreUrls, fetch: Fetch) -> tuple[list[int], list[int]]:
    rows = await fetch(urls.database_owner_url, "SELECT id FROM kept ORDER BY id")
    items = redis.Redis.from_url(urls.redis_url).lrange("kept", 0, -1)
    return [row[0] for row in rows], [int(item) for item in items]


EVERYTHING = (list(range(ROWS)), list(range(ROWS)))


async def test_a_killed_supervisor_takes_its_servers_along(
    tmp_path: Path,
    start_supervisor: Callable[[Path], Any],
    nothing_runs_in: Callable[[Path], bool],
    fetch: Fetch,
) -> None:
    supervisor = start_supervisor(tmp_path)
    urls = supervisor.wait_ready().urls
    await _write(urls, fetch)

    supervisor.kill()

    assert nothing_runs_in(tmp_path)
    with EmbeddedStores(tmp_path) as stores:
        assert stores.urls == urls
        assert await _read(stores.urls, fetch) == EVERYTHING


async def test_the_next_start_waits_for_servers_that_are_still_ending(
    tmp_path: Path, start_supervisor: Callable[[Path], Any], fetch: Fetch
) -> None:
    supervisor = start_supervisor(tmp_path)
    await _write(supervisor.wait_ready().urls, fetch)

    supervisor.kill()
    with EmbeddedStores(tmp_path) as stores:  # At once, without waiting for anything.
        found = await _read(stores.urls, fetch)

    assert found == EVERYTHING


async def test_everything_killed_at_once_is_recovered(
    tmp_path: Path, start_supervisor: Callable[[Path], Any], fetch: Fetch
) -> None:
    supervisor = start_supervisor(tmp_path)
    ready = supervisor.wait_ready()
    await _write(ready.urls, fetch)

    for pid in (supervisor.process.pid, *ready.pids.values()):
        os.kill(pid, signal.SIGKILL)
    supervisor.kill()

    with EmbeddedStores(tmp_path) as stores:
        assert await _read(stores.urls, fetch) == EVERYTHING


@pytest.mark.parametrize("victim", ["PostgreSQL", "Valkey"])
@pytest.mark.parametrize("fsync", [True, False], ids=["durable", "throw-away"])
async def test_a_killed_server_is_noticed_and_recovered_by_the_next_start(
    tmp_path: Path, fetch: Fetch, wait_until: Callable[..., bool], victim: str, *, fsync: bool
) -> None:
    with EmbeddedStores(tmp_path, fsync=fsync) as stores:
        await _write(stores.urls, fetch)

        os.kill(stores.health()[victim].pid, signal.SIGKILL)

        assert wait_until(lambda: not stores.is_alive(), 5.0)
        assert [name for name, store in stores.health().items() if not store.is_alive] == [victim]
        assert stores.health()[victim].ending == "was killed by SIGKILL"
        assert await _read(stores.start(), fetch) == EVERYTHING
        assert stores.is_alive()


def test_a_supervisor_killed_while_it_makes_the_cluster_leaves_no_half_of_one(
    tmp_path: Path, start_supervisor: Callable[[Path], Any], wait_until: Callable[..., bool]
) -> None:
    supervisor = start_supervisor(tmp_path)
    supervisor.wait_step("making a database cluster")
    assert wait_until(lambda: any(tmp_path.glob("postgres/unfinished-*/base")), 10.0)

    supervisor.kill()
    with EmbeddedStores(tmp_path) as stores:
        assert stores.is_alive()

    assert sorted(path.name for path in (tmp_path / "postgres").iterdir()) == ["data", "server.lock"]


def test_a_pid_file_that_names_a_living_stranger_does_not_hinder(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path, fsync=False) as stores:
        port = stores.urls.database_url.rpartition(":")[2].partition("/")[0]
    data = tmp_path / "postgres/data"
    # As left by a kill, after a restart of the machine gave the number to somebody else: here, to this test.
    remains = f"{os.getpid()}\n{data}\n{int(time.time())}\n{port}\n{data}\n127.0.0.1\n  1234567         0\nready   \n"
    for name in ("postmaster.pid", f".s.PGSQL.{port}.lock"):
        (data / name).write_text(remains)

    with EmbeddedStores(tmp_path, fsync=False) as stores:
        assert stores.is_alive()


def test_a_cluster_that_somebody_serves_by_hand_is_left_alone(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path, fsync=False):
        pass
    data = tmp_path / "postgres/data"
    by_hand = subprocess.Popen([sys.executable, "-c", "input()", "-D", str(data)], stdin=subprocess.PIPE)
    (data / "postmaster.pid").write_text(f"{by_hand.pid}\n{data}\n")

    try:
        with pytest.raises(OldServerStillRunning, match=rf"process {by_hand.pid}\b"):
            EmbeddedStores(tmp_path, fsync=False).start()
    finally:
        by_hand.communicate(b"\n")
    assert (data / "postmaster.pid").exists()
