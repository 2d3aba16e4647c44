"""What the two stores' servers have in common: a claimed folder, a port, a child that holds both."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from adapters.embedded.child import Child, start_child
from adapters.embedded.errors import StoreNotReady
from adapters.embedded.identity import Identity
from adapters.embedded.locks import FileLock, claim_server_lock
from adapters.embedded.ports import PortMemory
from adapters.embedded.startup import Startup

_LAUNCHES_MAX = 5


class Server(ABC):
    """A server over `<folder>/<place>` that logs to `<folder>/logs/<place>.log`.

    `stop_signals` ask it to end, the most polite first; the first is also what the kernel sends when we die.
    """

    name: ClassVar[str]
    place: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]]

    def __init__(self, startup: Startup, ports: PortMemory, identity: Identity) -> None:
        self.startup = startup
        self.identity = identity
        self.port = 0
        self.child: Child | None = None
        self._ports = ports
        self._launches_left = _LAUNCHES_MAX
        self._lock = FileLock(self.folder / "server.lock")

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """Answer the command line for the port of the moment."""

    @abstractmethod
    def configuration(self) -> str:
        """Answer what goes in on stdin, where no password shows."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether it takes requests."""

    @property
    def folder(self) -> Path:
        """Everything of this server but its log."""
        return self.startup.folder / self.place

    @property
    def log_path(self) -> Path:
        """Its log."""
        return self.startup.logs / f"{self.place}.log"

    def claim(self) -> None:
        """Make sure that no process works on the data any more. Raises OldServerStillRunning."""
        claim_server_lock(self._lock, name=self.name, endings=self.stop_signals, wait_until=self.startup.wait_until)

    def launch(self) -> None:
        """Start the server; it is not ready yet when this returns."""
        self._launches_left -= 1
        self.port = self._ports.choose(self.place)
        self.child = self.start_program(self.name, *self.command(), configuration=self.configuration())

    def await_ready(self) -> None:
        """Wait until the server is ready, on another port if somebody was quicker to take the one we chose.

        Raises StoreNotReady, with the end of its log.
        """
        while self.child is not None:
            try:
                self.child.require_ready(self.startup, self.is_ready)
            except StoreNotReady as trouble:
                if not (trouble.port_taken and self._launches_left):
                    raise
                self.launch()
            else:
                self._ports.keep(self.place, self.port)
                return

    def start_program(self, name: str, *command: str, configuration: str = "") -> Child:
        """Start a program as this server's user, holding this server's lock, writing to this server's log."""
        return start_child(
            name,
            command,
            identity=self.identity,
            lock=self._lock,
            log_path=self.log_path,
            stop_signals=self.stop_signals,
            configuration=configuration.encode("utf-8", "surrogateescape"),
        )

    def release(self) -> None:
        """Let go of the lock, after the end of the child."""
        self._lock.release()
