"""The data folder of `mediator up`: where everything lies, and that only one works in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from adapters.embedded.errors import EmbeddedStoreTrouble, FolderInUse
from adapters.embedded.locks import SUPERVISOR_LOCK, FileLock, lock_folder
from adapters.embedded.private_files import make_private_folder
from entrypoints.cli.trouble import Trouble

DEFAULT = Path(".mediator")
_TO_PASS = 0o711  # PostgreSQL may have to run as `nobody`, whose way to its data leads through here.


class DataFolder(msgspec.Struct, frozen=True):
    """Where things lie in the folder. Every file in it is for its owner alone."""

    path: Path

    @property
    def secrets(self) -> Path:
        """The generated secrets."""
        return self.path / "secrets.json"

    @property
    def run(self) -> Path:
        """What a running `mediator up` says of itself to other commands."""
        return self.path / "run.json"

    @property
    def logs(self) -> Path:
        """The logs of our own processes, as JSON lines."""
        return self.path / "logs"

    @property
    def locks(self) -> Path:
        """A lock for each of our processes, held by it and all that it forks."""
        return self.path / "locks"

    @property
    def stores(self) -> Path:
        """The embedded PostgreSQL and Valkey, with their logs and passwords."""
        return self.path / "stores"

    @property
    def simulator(self) -> Path:
        """The books of the provider simulator."""
        return self.path / "simulator.sqlite"

    @property
    def banks(self) -> Path:
        """The folders in which files are exchanged with banks, each named as its provider account."""
        return self.path / "banks"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who works in the folder, which is made if need be. Raises Trouble when somebody else is."""
        self._make()
        try:
            lock = lock_folder(self.path)
        except FolderInUse as used:
            raise Trouble(
                f"`mediator up` already runs on {self.path} (process {used.pid}). Stop it first (Ctrl-C in its "
                f"terminal, or `kill {used.pid}`), or give this one another folder with --folder."
            ) from used
        except EmbeddedStoreTrouble as refusal:
            raise Trouble(str(refusal)) from refusal
        try:
            yield
        finally:
            lock.release()

    def is_locked(self) -> bool:
        """Tell whether somebody works in the folder."""
        if not (self.path / SUPERVISOR_LOCK).exists():
            return False
        lock = FileLock(self.path / SUPERVISOR_LOCK)
        taken = lock.try_take()
        lock.release()
        return not taken

    def _make(self) -> None:
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.mkdir(mode=_TO_PASS)
            for inner in (self.logs, self.locks):
                make_private_folder(inner)
        except OSError as refusal:
            raise Trouble(f"The data folder {self.path} cannot be made: {refusal.strerror}.") from refusal


def data_folder(path: Path) -> DataFolder:
    """Name the folder from the root, so that it stays the same wherever a process goes."""
    return DataFolder(Path(os.path.abspath(path.expanduser())))  # noqa: PTH100 -- `resolve` would follow links
