"""Processes that the bench starts: they log to a file, die with us, and are ended by their own id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adapters.embedded.identity import own_identity

ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 6.0
_QUOTED_LINES = 15


class Child:
    """A running process, leader of its own group."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        """Watch a process that was started."""
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def require_running(self) -> None:
        """Raise RuntimeError, with the end of its log, when it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        """Give the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_QUOTED_LINES:])

    def stop(self) -> None:
        """End it with all that it forked, politely and then firmly."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()

    def memory(self) -> dict[int, int]:
        """Give the resident bytes of it and of each process below it, by id."""
        return {pid: resident_bytes(pid) for pid in (self.pid, *descendants(self.pid))}


@contextmanager
def running(name: str, *command: str, environment: Mapping[str, str], logs: Path) -> Iterator[Child]:
    """Run a program in `/` while the block lasts: PYTHONPATH leads to its code. Its log is `<name>.log`, made anew."""
    log = logs / f"{name}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            own_identity().command(*command, death_signal=signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=dict(environment),
        )
    child = Child(name, process, log)
    try:
        yield child
    finally:
        child.stop()


def resident_bytes(pid: int) -> int:
    """Give the memory of a process that is in RAM, shared pages included (Linux). Raises FileNotFoundError."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> tuple[int, ...]:
    """Give the processes below one (Linux)."""
    below = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
    return tuple(one for child in below for one in (child, *descendants(child)))


def _children(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def wait_until_open(child: Child, host: str, port: int, *, seconds: float = 30.0) -> None:
    """Wait until somebody listens there. Raises RuntimeError when the process ends or takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        child.require_running()
        try:
            socket.create_connection((host, port), timeout=1.0).close()
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{child.name} does not listen:\n{child.tail()}") from None
            time.sleep(0.005)
        else:
            return
