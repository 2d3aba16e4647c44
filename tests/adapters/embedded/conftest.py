"""Data folders, connections and a supervisor to kill, for the tests of the embedded stores."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from adapters.embedded.identity import Way
from adapters.embedded.locks import FileLock
from adapters.embedded.stores import StoreUrls

_ROOT = Path(__file__).parents[3]
_SUPERVISOR = """
import sys, time
from pathlib import Path
import msgspec
from adapters.embedded.identity import Way
from adapters.embedded.stores import EmbeddedStores
ways = tuple(Way(name) for name in sys.argv[2:]) or None
stores = EmbeddedStores(Path(sys.argv[1]), on_step=lambda step: print(step, file=sys.stderr, flush=True), ways=ways)
urls = stores.start()
pids = {name: store.pid for name, store in stores.health().items()}
print(msgspec.json.encode({"urls": urls, "pids": pids}).decode(), flush=True)
time.sleep(600)
"""


class Supervision(msgspec.Struct, frozen=True):
    """What a supervisor in a process of its own says when its stores are ready."""

    urls: StoreUrls
    pids: dict[str, int]


class Supervisor:
    """A process that runs the stores of a folder, to be killed."""

    def __init__(self, folder: Path, *ways: Way) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISOR, str(folder), *ways],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )

    def wait_ready(self) -> Supervision:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the supervisor ended: {self.process.communicate()[1]}"
        return msgspec.json.decode(line, type=Supervision)

    def wait_step(self, beginning: str) -> None:
        assert self.process.stderr is not None
        while not (line := self.process.stderr.readline()).startswith(beginning):
            assert line, "the supervisor ended before that step"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_supervisor() -> Iterator[Callable[..., Supervisor]]:
    started: list[Supervisor] = []

    def start(folder: Path, *ways: Way) -> Supervisor:
        started.append(Supervisor(folder, *ways))
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.kill()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def fetch() -> Callable[..., Awaitable[list[Any]]]:
    """Run one statement over a connection of its own."""

    async def run(url: str, statement: str, *arguments: object) -> list[Any]:
        connection = await asyncpg.connect(url, ssl=False)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    return run


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], float], bool]:
    def wait(happened: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    return wait


@pytest.fixture
def nothing_runs_in(wait_until: Callable[[Callable[[], bool], float], bool]) -> Callable[[Path], bool]:
    """Tell whether every process that served the folder is gone, within 5 s: each of them held one of the locks."""

    def is_free(lock_path: Path) -> bool:
        lock = FileLock(lock_path)
        taken = lock.try_take()
        lock.release()
        return taken

    def check(folder: Path) -> bool:
        locks = sorted(folder.rglob("server.lock"))
        return len(locks) == 2 and wait_until(lambda: all(is_free(lock) for lock in locks), 5.0)

    return check
