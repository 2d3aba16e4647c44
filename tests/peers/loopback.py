"""Run a foreign server's module so that only this machine can reach it: `python -P loopback.py MODULE ...`.

A server that binds every interface is bound to 127.0.0.1 instead; its port is the first line on standard output, told
when it can be reached. A file in the machine's folder for temporary files, which several such servers would share, is
written to nowhere.
"""

import builtins
import os
import runpy
import socket
import sys
import tempfile
from typing import Any

EVERYWHERE = {"", "::", "0.0.0.0"}  # noqa: S104 -- what is looked for, so as not to bind it


class LoopbackSocket(socket.socket):
    """A socket that is never bound to more than the loopback address."""

    def __init__(self, family: int = -1, *arguments: Any, **options: Any) -> None:
        super().__init__(socket.AF_INET if family == socket.AF_INET6 else family, *arguments, **options)

    def bind(self, address: Any, /) -> None:
        host, port = address[:2]
        super().bind(("127.0.0.1" if host in EVERYWHERE else host, port))

    def listen(self, backlog: int = 128, /) -> None:
        super().listen(backlog)
        sys.stdout.write(f"{self.getsockname()[1]}\n")
        sys.stdout.flush()


def open_elsewhere(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
    """Open a file; for writing into the shared temporary folder, open nothing."""
    shared = isinstance(file, str) and os.path.dirname(file) == tempfile.gettempdir()  # noqa: PTH120 -- a plain name
    return plain_open(os.devnull if shared and "w" in mode else file, mode, *arguments, **options)


if __name__ == "__main__":
    plain_open = builtins.open
    socket.socket = LoopbackSocket  # type: ignore[misc]  # for the module that runs now, and nobody else
    builtins.open = open_elsewhere  # as above
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
