"""A standby of the bench's PostgreSQL, on this machine, that commits can be made to wait for."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from adapters.embedded.identity import Identity, choose_identity, ways_for
from entrypoints.cli.supervision.ports import find_free_port
from tests.bench.ground import Database, Ground
from tests.fakes.stores import run

_HOST = "127.0.0.1"
_COPY_SECONDS = 300.0
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_STATE = "select count(*) from pg_stat_replication where state = 'streaming'"


@contextmanager
def standby(ground: Ground, database: Database) -> Iterator[None]:
    """Run a standby while the block lasts; nobody waits for it yet. Raises RuntimeError when it does not come up."""
    place = ground.folder / "standby"
    place.mkdir(mode=0o711)
    identity, program = choose_identity(ground.program, place, ways=ways_for(os.geteuid()))
    data = place / "data"
    _copy(ground, str(program.folder / "pg_basebackup"), str(data))
    identity.hand_over(data)
    process = _start(identity, str(program.folder / "postgres"), str(data), ground)
    try:
        _await(lambda: database.number(_STATE) > 0, process)
        yield
    finally:
        waiting(ground, for_standby=False)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def waiting(ground: Ground, *, for_standby: bool) -> None:
    """Have commits wait until the standby has them on its disk, or not; new transactions follow at once."""
    names = "*" if for_standby else ""
    setting = f"alter system set synchronous_standby_names = '{names}'"
    asyncio.run(run(ground.urls.database_owner_url, setting, "select pg_reload_conf()"))
    time.sleep(0.2)  # The processes of the server read it when they are next idle.


def _copy(ground: Ground, program: str, data: str) -> None:
    owner = make_url(ground.urls.database_owner_url)
    command = [program, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-password"]
    place = ["-h", str(owner.host), "-p", str(owner.port), "-U", str(owner.username)]
    done = subprocess.run(
        command + place,
        env=os.environ | {"PGPASSWORD": str(owner.password)},
        capture_output=True,
        text=True,
        timeout=_COPY_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pg_basebackup failed: {done.stderr.strip()[-1000:]}")


def _start(identity: Identity, program: str, data: str, ground: Ground) -> subprocess.Popen[bytes]:
    settings = {
        "port": str(find_free_port(_HOST)),
        "listen_addresses": _HOST,
        "unix_socket_directories": "",
        "hot_standby": "off",
        "shared_preload_libraries": "",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (ground.logs / "standby.log").open("wb") as log:
        return subprocess.Popen(
            identity.command(program, "-D", data, *options, death_signal=signal.SIGINT),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
        )


def _await(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not happened():
        if process.poll() is not None:
            raise RuntimeError(f"the standby ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("the standby does not follow")
        time.sleep(0.05)
