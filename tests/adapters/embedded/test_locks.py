"""A server's lock is held as long as any process of it lives, and an old holder is asked to leave."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.embedded.errors import OldServerStillRunning
from adapters.embedded.locks import FileLock, claim_server_lock

Wait = Callable[[Callable[[], bool], float], bool]
_HOLDER = """
import os, signal, sys
for number in sys.argv[1:]:
    signal.signal(int(number), signal.SIG_IGN)
print(flush=True)
signal.pause()
"""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Have a process hold the lock as a server does: by inheriting it."""
    holders: list[subprocess.Popen[bytes]] = []

    def start(*deaf_to: signal.Signals) -> subprocess.Popen[bytes]:
        lock = FileLock(tmp_path / "server.lock")
        assert lock.try_take()
        command = [sys.executable, "-c", _HOLDER, *(str(int(number)) for number in deaf_to)]
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=(lock.descriptor,))
        holders.append(holder)
        lock.name_holder(holder.pid)
        lock.release()
        assert holder.stdout is not None
        holder.stdout.readline()
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate()


def _claim(path: Path, wait_until: Wait) -> FileLock:
    lock = FileLock(path)
    endings = (signal.SIGINT, signal.SIGTERM)
    claim_server_lock(lock, name="Server", endings=endings, wait_until=wait_until, stage_seconds=0.5)
    return lock


def test_a_lock_that_is_held_is_not_taken(tmp_path: Path, hold: Callable[..., subprocess.Popen[bytes]]) -> None:
    hold()

    assert not FileLock(tmp_path / "server.lock").try_take()


@pytest.mark.parametrize("deaf_to", [(), (signal.SIGINT,)], ids=["polite", "firm"])
def test_an_old_server_is_ended_by_the_first_signal_that_it_hears(
    tmp_path: Path,
    hold: Callable[..., subprocess.Popen[bytes]],
    wait_until: Wait,
    deaf_to: tuple[signal.Signals, ...],
) -> None:
    holder = hold(*deaf_to)

    _claim(tmp_path / "server.lock", wait_until).release()

    assert holder.wait(5) != 0


def test_an_old_server_that_does_not_end_is_named(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[bytes]], wait_until: Wait
) -> None:
    holder = hold(signal.SIGINT, signal.SIGTERM)

    with pytest.raises(OldServerStillRunning, match=rf"process {holder.pid}\b"):
        _claim(tmp_path / "server.lock", wait_until)


def test_a_stranger_with_the_old_servers_number_is_not_signalled(
    tmp_path: Path, hold: Callable[..., subprocess.Popen[bytes]], wait_until: Wait
) -> None:
    stranger = hold()
    path = tmp_path / "server.lock"
    path.write_text(f"{stranger.pid} 1\n")  # The number is its own, the beginning is another's.

    with pytest.raises(OldServerStillRunning):
        _claim(path, wait_until)

    assert stranger.poll() is None
