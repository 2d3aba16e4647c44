"""Chooses the TCP ports of the embedded stores: the one of the last run when it is still free, else a random one."""

import socket
from pathlib import Path

import msgspec

from adapters.embedded.private_files import write_private_file

HOST = "127.0.0.1"
PORTS_FILE = "ports.json"


class PortMemory:
    """Remembers in the data folder which store had which port."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PORTS_FILE

    def choose(self, name: str) -> int:
        """Answer a port that was free a moment ago; another process may still take it before it is used."""
        remembered = self._read().get(name, 0)
        return remembered if remembered and _is_free(remembered) else _find_free_port()

    def keep(self, name: str, port: int) -> None:
        """Remember the port that a store really got."""
        ports = self._read()
        if ports.get(name) != port:
            write_private_file(self._path, msgspec.json.encode({**ports, name: port}))

    def _read(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (FileNotFoundError, msgspec.MsgspecError):
            return {}  # Only a convenience: without it the next run takes other ports.


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # The servers set it too: without it a connection of the last run, not yet forgotten, would hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
