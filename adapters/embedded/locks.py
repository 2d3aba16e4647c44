"""File locks that the kernel lets go of when their holder dies, however it dies.

Two kinds are kept in the data folder. The supervisor's lock is ours alone. The lock of a running server is handed down
to the server and to every process that it forks, so it is free exactly when none of them is left; that is how the
next start knows that an old server, or a last orphan of one that was killed, is really gone.
"""

import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Self

from adapters.embedded.errors import FolderInUse, FolderNotOurs, OldServerStillRunning
from adapters.embedded.passwords import PASSWORDS_FILE

SUPERVISOR_LOCK = "supervisor.lock"


class FileLock:
    """An exclusive `flock` on a file that says which process is behind it. The file stays when the lock goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file that carries the lock; a child that inherits it holds the lock too."""
        if self._descriptor is None:
            message = f"{self.path} is not locked"
            raise RuntimeError(message)
        return self._descriptor

    def try_take(self) -> bool:
        """Take the lock if nobody has it; False when somebody does."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def name_holder(self, pid: int) -> Self:
        """Write down the process behind the lock, with the moment it began: a process id alone may be used again."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{pid} {_beginning_of(pid)}\n".encode(), 0)
        return self

    def read_holder(self) -> tuple[str, str]:
        """Answer the process id that was written down, and when that process began; `("unknown", "")` if nothing."""
        pid, _, beginning = self.path.read_text().strip().partition(" ")
        return pid or "unknown", beginning

    def release(self) -> None:
        """Let go of our hold; processes that inherited it keep theirs."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_folder(folder: Path) -> FileLock:
    """Make this process the one supervisor of the data folder.

    Raises FolderInUse when another one is at work, FolderNotOurs when the folder is another user's.
    """
    _refuse_foreign(folder)
    lock = FileLock(folder / SUPERVISOR_LOCK)
    if not lock.try_take():
        raise FolderInUse(folder=folder, pid=lock.read_holder()[0])
    return lock.name_holder(os.getpid())


def _refuse_foreign(folder: Path) -> None:
    try:
        owner = (folder / PASSWORDS_FILE).stat().st_uid
    except FileNotFoundError:
        owner = os.geteuid() if os.access(folder, os.W_OK | os.X_OK) else folder.stat().st_uid
    except PermissionError:
        owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise FolderNotOurs(folder=folder, owner=owner, user=os.geteuid())


def claim_server_lock(
    lock: FileLock,
    *,
    name: str,
    endings: tuple[signal.Signals, ...],
    wait_until: Callable[[Callable[[], bool], float], bool],
    stage_seconds: float = 5.0,
) -> None:
    """Take the lock of a server, ending first what an earlier supervisor left behind.

    The old server is asked with each signal of `endings` in turn and given `stage_seconds` after each.
    Raises OldServerStillRunning when it outlives all of them.
    """
    if lock.try_take():
        return
    for ending in endings:
        _signal_holder(lock, ending)
        if wait_until(lock.try_take, stage_seconds):
            return
    raise OldServerStillRunning(name=name, folder=lock.path.parent, pid=lock.read_holder()[0])


def _signal_holder(lock: FileLock, number: signal.Signals) -> None:
    pid, beginning = lock.read_holder()
    if pid.isdigit() and beginning == _beginning_of(int(pid)):
        try:
            os.kill(int(pid), number)
        except (ProcessLookupError, PermissionError):
            return  # It ended meanwhile, which is what was wanted; or (without /proc) the number is another user's now.


def _beginning_of(pid: int) -> str:
    """Answer when a process began, in clock ticks since the machine did (proc(5), field 22 of stat)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "unknown"  # No such process, or a system without /proc.
    return text.rpartition(")")[2].split()[19]
