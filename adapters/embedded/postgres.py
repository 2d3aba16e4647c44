"""The embedded PostgreSQL: its settings, and how to see that it is ready."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from adapters.embedded.binaries import PostgresProgram
from adapters.embedded.cluster import make_cluster, remove_remains
from adapters.embedded.identity import Identity
from adapters.embedded.ports import HOST, PortMemory
from adapters.embedded.server import Server
from adapters.embedded.startup import Startup

_SOCKET_PATH_BYTES_MAX = 107  # sockaddr_un has room for 108, the last of them zero (unix(7)).
_STATE_LINE = 7  # The eighth line of the pid file, as pg_ctl reads it.
_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "200",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# For throw-away stores. Commits still reach the kernel one by one, so even here killing the server loses none.
_SETTINGS_WITHOUT_FSYNC = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer(Server):
    """A PostgreSQL on 127.0.0.1 with passwords, and on a socket in its data folder where the path is short enough."""

    name = "PostgreSQL"
    place = "postgres"
    # Fast shutdown, then immediate shutdown: the latter leaves the rest to recovery and loses nothing committed.
    stop_signals = (signal.SIGINT, signal.SIGQUIT)

    def __init__(self, startup: Startup, program: PostgresProgram, identity: Identity, ports: PortMemory) -> None:
        super().__init__(startup, ports, identity)
        self._program = program

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.folder / "data"

    def start(self, owner_password: str) -> None:
        """Make the cluster if there is none, start the server and wait until it takes connections.

        Raises StoreNotReady, with the end of its log.
        """
        remove_remains(self.data)
        if not self.data.exists():
            self.startup.tell(f"making a database cluster of PostgreSQL {self._program.version}")
            make_cluster(self, self._program, self.data, owner_password)
        self.identity.hand_over(self.data)
        self.startup.tell(f"starting PostgreSQL {self._program.version}")
        self.launch()
        self.await_ready()

    def command(self) -> tuple[str, ...]:
        """Give the settings on the command line, where they outrank the files of the cluster; none is secret."""
        return str(self._program.folder / "postgres"), "-D", str(self.data), *_as_options(self._settings())

    def configuration(self) -> str:
        """Nothing goes in on stdin."""
        return ""

    def is_ready(self) -> bool:
        """Read what the server says of itself in its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > _STATE_LINE and lines[_STATE_LINE].strip() == "ready"

    def _settings(self) -> dict[str, str]:
        socket_path = self.data / f".s.PGSQL.{self.port}"
        has_room = len(os.fsencode(socket_path)) <= _SOCKET_PATH_BYTES_MAX
        statistics = "pg_stat_statements" if self._program.has_library("pg_stat_statements") else ""
        return {
            **_SETTINGS,
            **({} if self.startup.fsync else _SETTINGS_WITHOUT_FSYNC),
            "port": str(self.port),
            "unix_socket_directories": _quote(str(self.data)) if has_room else "",
            "shared_preload_libraries": statistics,
        }


def _as_options(settings: dict[str, str]) -> Iterator[str]:
    for name, value in settings.items():
        yield from ("-c", f"{name}={value}")


def _quote(path: str) -> str:
    """Quote an item of a list in a setting: a folder's name may have commas and quotes."""
    escaped = path.replace('"', '""')
    return f'"{escaped}"'
