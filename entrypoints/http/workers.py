"""Several processes that serve one port: forked from one that has imported everything, watched, and ended together.

Each has a listening socket of its own (SO_REUSEPORT), so that the system spreads connections over them. The parent
keeps all the sockets open: connections that come while a worker is replaced wait for the next one.
"""

import ctypes
import gc
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Final, NoReturn

from adapters.telemetry.logging import get_logger

STOP_SECONDS: Final = 4.5
"""How long workers may take to end, before they are killed."""

BIND_SECONDS: Final = 1.0
"""How long a port may still be held by processes that are just being killed."""

QUICK_SECONDS: Final = 2.0
QUICK_DEATHS_MAX: Final = 5
"""A worker that lives no longer died quickly; after so many in a row something is wrong that no restart mends."""

_PR_SET_PDEATHSIG: Final = 1
_TOLD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_HEARD: Final = {*_TOLD, signal.SIGCHLD, signal.SIGALRM}

BACKLOG: Final = 2_048
"""Connections that may wait until a worker takes them."""

Address = tuple[str | int, ...] | tuple[int, bytes]
Serve = Callable[[int], NoReturn]


class Board:
    """Memory that all the workers share: who has started."""

    def __init__(self, workers: int) -> None:
        """Make it before the workers are forked."""
        self._bytes = mmap.mmap(-1, workers)
        self._workers = workers

    def mark_started(self, number: int) -> None:
        """Say that a worker can answer."""
        self._bytes[number] = 1

    def has_started(self, number: int) -> bool:
        """Tell whether a worker could ever answer."""
        return self._bytes[number] == 1

    def is_complete(self) -> bool:
        """Tell whether every worker has once been able to answer. One that is being replaced is missed by nobody."""
        return all(self._bytes[: self._workers])


def bind(host: str, port: int, *, count: int) -> list[socket.socket]:
    """Open sockets on one address, one for each worker. Raises OSError when somebody else listens there."""
    deadline = time.monotonic() + BIND_SECONDS
    while True:
        try:
            return _bound(host, port, count)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _bound(host: str, port: int, count: int) -> list[socket.socket]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    if count == 1 or sys.platform != "linux":  # Elsewhere the system does not spread connections over such sockets.
        return [_socket(family, address, shared=False, listens=True)] * count
    # Sockets that share a port let others of the same user in: so see first that nobody is there.
    first = _socket(family, address, shared=False, listens=False)
    taken = first.getsockname()
    first.close()
    return [_socket(family, taken, shared=True, listens=True) for _ in range(count)]


def _socket(family: int, address: Address, *, shared: bool, listens: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
        if listens:
            made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class Workers:
    """The parent: it forks, watches and ends, and does nothing else.

    It must have no threads and no connections, and have drawn no random numbers outside of `random` and `os.urandom`:
    the ids that its workers make would be the same.
    """

    def __init__(self, sockets: list[socket.socket], board: Board, serve: Serve) -> None:
        """Fork one worker for each socket; `serve` runs in the worker of that number, and ends it."""
        self._sockets = sockets
        self._board = board
        self._serve = serve
        self._parent = os.getpid()
        self._numbers: dict[int, int] = {}
        self._forked_at: dict[int, float] = {}
        self._quick_deaths = 0

    def run(self) -> int:
        """Serve until told to stop, and give the exit code: not 0 when the workers cannot live."""
        signal.signal(signal.SIGCHLD, lambda *_: None)  # Ignored, it would not be heard everywhere.
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        gc.freeze()  # What is there now is shared with the workers as long as nobody touches it.
        for number in range(len(self._sockets)):
            self._fork(number)
        code = 0
        while not code and signal.sigwait(_HEARD) not in _TOLD:
            code = self._replace_dead()
        self._stop()
        return code

    def _fork(self, number: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(number)
        self._numbers[pid] = number
        self._forked_at[pid] = time.monotonic()

    def _become(self, number: int) -> NoReturn:
        """Be a worker: end with the parent, hear signals again, and keep no socket but one's own."""
        die_with(self._parent)
        for name in (signal.SIGCHLD, signal.SIGALRM):
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        for other in self._sockets:
            if other is not self._sockets[number]:
                other.close()
        self._serve(number)

    def _replace_dead(self) -> int:
        """Fork anew what has died. Gives an exit code when that is of no use."""
        codes = [self._replace(pid, os.waitstatus_to_exitcode(status)) for pid, status in _reaped()]
        return next(filter(None, codes), 0)

    def _replace(self, pid: int, code: int) -> int:
        number, lived = self._numbers.pop(pid), time.monotonic() - self._forked_at.pop(pid)
        if not self._board.has_started(number):
            return code if code > 0 else 1  # It could not start: its own words say why.
        self._quick_deaths = self._quick_deaths + 1 if lived < QUICK_SECONDS else 0
        get_logger().error("api.worker_ended", worker=number, pid=pid, exit_code=code, lived_seconds=round(lived, 3))
        if self._quick_deaths > QUICK_DEATHS_MAX:
            return 1
        self._fork(number)
        return 0

    def _stop(self) -> None:
        """End all workers: politely, then at once."""
        for one in self._sockets:
            one.close()  # Nobody may wait in a queue that nobody serves.
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            for pid in self._numbers:
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self._numbers and (left := deadline - time.monotonic()) > 0:
                signal.setitimer(signal.ITIMER_REAL, left)
                signal.sigwait({signal.SIGCHLD, signal.SIGALRM})
                for pid, _ in _reaped():
                    del self._numbers[pid]
            signal.setitimer(signal.ITIMER_REAL, 0)


def _reaped() -> list[tuple[int, int]]:
    """Give the children that have ended, with their statuses."""
    found: list[tuple[int, int]] = []
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(ended)
    except ChildProcessError:
        pass  # There is none left.
    return found


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends (Linux): nobody would watch it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
