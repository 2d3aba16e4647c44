"""A server process of ours: how it is started, watched and ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from adapters.embedded.errors import StoreNotReady
from adapters.embedded.identity import Identity
from adapters.embedded.locks import FileLock
from adapters.embedded.startup import Startup

_LOG_BYTES_MAX = 16 * 1024 * 1024
_QUOTED_LINES = 15
_QUOTED_BYTES = 16 * 1024
# All that a server needs of our environment: no password of ours, and no PG* variable that would change its ways.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# How long each signal of `stop_signals` has; what is left after the last is killed. Together under 3 s.
_STOP_SECONDS = (2.0, 0.5)


class Child:
    """A running server. `stop_signals` ask it to end, the most polite first; the first is also sent if we die.

    It dies when the thread that called `start_child` ends (Linux), so that thread has to live as long as it.
    """

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], log_path: Path, stop_signals: tuple[signal.Signals, ...]
    ) -> None:
        self.name = name
        self.stop_signals = stop_signals
        self._process = process
        self._log_path = log_path
        self._log_start = log_path.stat().st_size

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        """Say how it ended, or that it runs."""
        code = self._process.poll()
        if code is None:
            return "is running"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"

    def wait(self) -> int:
        """Wait for its end and answer its status; for a child that was seen to end."""
        return self._process.wait()

    def require_ready(self, startup: Startup, is_ready: Callable[[], bool]) -> None:
        """Wait until it is ready. Raises StoreNotReady, with the end of its log, when it ends or takes too long."""
        if not startup.wait_until(lambda: not self.is_running or is_ready(), startup.ready_seconds):
            raise self.trouble(f"was not ready within {startup.ready_seconds:g} s")
        if not self.is_running:
            raise self.trouble(self.ending)

    def trouble(self, what: str) -> StoreNotReady:
        """Make the error that quotes what this child logged."""
        return StoreNotReady(name=self.name, what=what, log_path=self._log_path, log_tail=self._read_log_tail())

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        self._process.send_signal(number)

    def _read_log_tail(self) -> str:
        with self._log_path.open("rb") as log:
            log.seek(max(self._log_start, self._log_path.stat().st_size - _QUOTED_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_QUOTED_LINES:])


def start_child(
    name: str,
    program: Iterable[str],
    *,
    identity: Identity,
    lock: FileLock,
    log_path: Path,
    stop_signals: tuple[signal.Signals, ...],
    configuration: bytes = b"",
) -> Child:
    """Start a server that holds `lock` while it lives, reads `configuration` on stdin and appends to its log."""
    _set_aside(log_path)
    log_descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            identity.command(*program, death_signal=stop_signals[0]),
            stdin=subprocess.PIPE,
            stdout=log_descriptor,
            stderr=log_descriptor,
            pass_fds=(lock.descriptor,),
            env={"LC_ALL": "C", **{key: os.environ[key] for key in _PASSED_ON if key in os.environ}},
        )
    finally:
        os.close(log_descriptor)
    child = Child(name, process, log_path, stop_signals)
    lock.name_holder(child.pid)
    _give(process, configuration)
    return child


def _give(process: subprocess.Popen[bytes], configuration: bytes) -> None:
    if process.stdin is None:
        message = "the child was started without a pipe"
        raise RuntimeError(message)
    try:
        with process.stdin as pipe:
            pipe.write(configuration)
    except BrokenPipeError:
        return  # It ended at once; whoever waits for it to be ready says so, with its log.


def _set_aside(log_path: Path) -> None:
    """Set a log aside that has grown past 16 MB, in place of the one set aside before."""
    if log_path.exists() and log_path.stat().st_size > _LOG_BYTES_MAX:
        log_path.replace(log_path.with_name(f"{log_path.name}.1"))


def stop_children(children: Iterable[Child]) -> None:
    """End all of them at the same time: politely, then firmly, then by SIGKILL; in less than 3 s."""
    left = list(children)
    for stage, seconds in enumerate(_STOP_SECONDS):
        for child in left:
            child.send(child.stop_signals[min(stage, len(child.stop_signals) - 1)])
        left = _wait_for(left, seconds)
    for child in left:
        child.send(signal.SIGKILL)
        child.wait()


def _wait_for(children: list[Child], seconds: float) -> list[Child]:
    deadline = time.monotonic() + seconds
    left = [child for child in children if child.is_running]
    while left and time.monotonic() < deadline:
        time.sleep(0.005)
        left = [child for child in left if child.is_running]
    return left
