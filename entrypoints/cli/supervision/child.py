"""A process of ours: started so that it dies with us, watched, and ended with everything that it forked."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from adapters.embedded.identity import own_identity
from adapters.embedded.locks import FileLock
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.trouble import Trouble

_POLL_SECONDS = 0.01
_CLAIM_SECONDS = 3.0
_LOG_BYTES_MAX = 16 * 1024 * 1024
_QUOTED_LINES = 12
_QUOTED_BYTES = 16 * 1024


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What to start: a command line with its environment. One that `waits` goes on when it is told its settings."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    waits: bool = False

    def __repr__(self) -> str:
        """Show nothing of the environment."""
        return f"Program({self.name})"


class Child:
    """A running process of ours."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], *, log: Path, log_start: int, lock: FileLock
    ) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._lock = lock
        self._log_start = log_start

    @property
    def pid(self) -> int:
        """The process id; also that of its session and its process group."""
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
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    @property
    def said(self) -> str:
        """What it logged since it was started; at most the last 16 KB."""
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - _QUOTED_BYTES))
            return log.read().decode(errors="replace")

    def trouble(self, what: str) -> Trouble:
        """Make the error that quotes the end of its log."""
        lines = self.said.splitlines()[-_QUOTED_LINES:]
        quoted = "\n".join(f"  | {line}" for line in lines) or "  | (nothing was logged)"
        return Trouble(f"The {self.name} {what}. The end of {self.log}:\n{quoted}")

    def tell(self, settings: Mapping[str, str]) -> None:
        """Let a program that waits go on with these settings. Raises Trouble when it has ended meanwhile."""
        if self._process.stdin is None:
            raise RuntimeError(f"the {self.name} does not wait for settings")
        try:
            with self._process.stdin as pipe:
                pipe.write(msgspec.json.encode(settings) + b"\n")
        except BrokenPipeError:
            raise self.trouble("ended before it was told its settings") from None

    def ask_to_end(self) -> None:
        """Ask it to end; nothing happens when it has."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it with all that it forked. While one of them lives, no other group can have the number."""
        self._process.kill()  # In its first milliseconds it does not lead its group yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def gone(self, *, seconds: float) -> bool:
        """Wait for its end; False when it takes longer."""
        deadline = time.monotonic() + seconds
        while True:
            if not self.is_running or time.monotonic() > deadline:
                return not self.is_running
            await asyncio.sleep(_POLL_SECONDS)

    async def bury(self) -> None:
        """Make sure that nothing of it is left, and let its lock go."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self.is_running:
            self.kill()
            await self.gone(seconds=_CLAIM_SECONDS)
        self._lock.release()
        if not self._lock.try_take():
            self.kill()
        self._lock.release()


async def start_child(folder: DataFolder, program: Program) -> Child:
    """Start a program that logs to `logs/<name>.log` and gets SIGTERM when this thread ends, however it ends.

    What is left of an earlier run is ended first. Call it from the main thread. Raises Trouble.
    """
    lock = FileLock(folder.locks / f"{program.name}.lock")
    await _claim(lock, program.name)
    log = folder.logs / f"{program.name}.log"
    _set_aside(log)
    log_start = log.stat().st_size if log.exists() else 0
    process = _launch(program, log, lock)
    lock.name_holder(process.pid)
    return Child(program.name, process, log=log, log_start=log_start, lock=lock)


def _launch(program: Program, log: Path, lock: FileLock) -> subprocess.Popen[bytes]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            own_identity().command(*program.command, death_signal=signal.SIGTERM),
            stdin=subprocess.PIPE if program.waits else subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            pass_fds=(lock.descriptor,),
            env=dict(program.environment),
        )
    finally:
        os.close(descriptor)


async def _claim(lock: FileLock, name: str) -> None:
    """Take the lock of a process, ending first what an earlier run left behind, with all that it forked."""
    if lock.try_take():
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        holder = lock.read_holder()[0]
        if holder.isdigit():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(holder), number)
        deadline = time.monotonic() + _CLAIM_SECONDS
        while time.monotonic() < deadline:
            if lock.try_take():
                return
            await asyncio.sleep(_POLL_SECONDS)
    raise Trouble(
        f"A {name} of an earlier run (process {lock.read_holder()[0]}) does not end. End it, and start again."
    )


def _set_aside(log: Path) -> None:
    """Set a log aside that has grown past 16 MB, in place of the one set aside before."""
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.1"))
