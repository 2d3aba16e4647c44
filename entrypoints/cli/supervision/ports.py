"""Chooses ports for our own processes, and says it when one is taken."""

import random
import socket

from entrypoints.cli.trouble import Trouble

# Below the ports that systems give to outgoing connections (Linux: from 32768), so that none of those comes first.
_CANDIDATES = range(20_000, 32_000)
_TRIES_MAX = 200


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: without it a connection of the last run, not yet forgotten, would hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def find_free_port(host: str) -> int:
    """Give a port that is free now. Raises Trouble when there is none to be found."""
    for port in random.sample(_CANDIDATES, _TRIES_MAX):
        if is_free(host, port):
            return port
    raise Trouble(f"No free port was found on {host}.")


def choose_port(host: str, *, wanted: int, insisted: bool) -> tuple[int, str]:
    """Give the wanted port, or a free one instead, and a sentence about it if there is something to say.

    0 wants any. Raises Trouble when the wanted port is taken and somebody insists on it.
    """
    if wanted == 0:
        return find_free_port(host), ""
    if is_free(host, wanted):
        return wanted, ""
    if insisted:
        raise Trouble(f"Port {wanted} on {host} is taken. Free it, or give another one with --port (0 for any).")
    found = find_free_port(host)
    return found, f"Port {wanted} on {host} is taken: the API listens on {found} instead."
