"""The embedded Valkey, or Redis: its settings, and how to see that it is ready."""

import signal
import socket

from adapters.embedded.binaries import RedisProgram
from adapters.embedded.identity import own_identity
from adapters.embedded.ports import HOST, PortMemory
from adapters.embedded.server import Server
from adapters.embedded.startup import Startup

_ANSWER_SECONDS = 0.5


class ValkeyServer(Server):
    """A Valkey on 127.0.0.1 with a password, that writes each change to its append-only file before it answers."""

    name = "Valkey"
    place = "valkey"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, startup: Startup, program: RedisProgram, ports: PortMemory, password: str) -> None:
        super().__init__(startup, ports, own_identity())
        self._program = program
        self._password = password

    def start(self) -> None:
        """Start the server, after its last run's end; it is not ready yet when this returns."""
        self.startup.tell(f"starting {self._program.path.name} {self._program.version}")
        self.launch()

    def command(self) -> tuple[str, ...]:
        """Have it read its settings from stdin."""
        return str(self._program.path), "-"

    def configuration(self) -> str:
        """Write the settings."""
        settings = {
            "bind": HOST,
            "port": str(self.port),
            "requirepass": self._password,
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.startup.fsync else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": "",
        }
        return "".join(f"{name} {_quote(value)}\n" for name, value in settings.items())

    def is_ready(self) -> bool:
        """Ask: a PING is answered when the append-only file has been read."""
        try:
            with socket.create_connection((HOST, self.port), timeout=_ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return _read_lines(connection, 2) == [b"+OK", b"+PONG"]
        except OSError:
            return False  # Not listening yet, or not answering yet; the caller asks again.


def _read_lines(connection: socket.socket, count: int) -> list[bytes]:
    received = b""
    while received.count(b"\r\n") < count and (more := connection.recv(1024)):
        received += more
    return received.split(b"\r\n")[:count]


def _quote(value: str) -> str:
    """Quote a value as the server's configuration wants it: a path may have blanks, quotes, backslashes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
