"""Sends requests as fast as one process can: an epoll loop on raw sockets, each connection with one request under way.

`python -m tests.bench.generator` reads a `Load` as JSON on standard input and writes a `Tally` as JSON.
"""

import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator

import msgspec

from tests.bench.histogram import bucket_of
from tests.bench.traffic import Traffic, requests

_READ_BYTES = 16_384  # A larger one is slower: Python asks the system for the memory each time.
_CONNECT_SECONDS = 5.0
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_TRIES_MAX = 3


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where, over how many connections, for how long; the warm-up before it is not counted."""

    host: str
    port: int
    traffic: Traffic
    connections: int
    seconds: float
    warm_seconds: float = 0.0
    drain_seconds: float = 15.0


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered: durations by bucket (nanoseconds) of the successes within the measured seconds.

    `acknowledged` counts every success, also before and after; `statuses` every answer, and as 0 those that never came.
    """

    seconds: float
    counted: int
    acknowledged: int
    statuses: dict[int, int]
    durations: dict[int, int]


class Line:
    """One connection: a request under way, and what came back of its answer."""

    __slots__ = ("received", "sent_at", "socket", "unsent")

    def __init__(self, host: str, port: int) -> None:
        """Connect. Raises OSError."""
        self.socket = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self.received = b""
        self.unsent = b""
        self.sent_at = 0

    def send(self, request: bytes) -> bool:
        """Begin to send; False when the kernel did not take all of it, and the rest is left for `send_rest`."""
        self.sent_at = time.perf_counter_ns()
        self.unsent = request[self.socket.send(request) :]
        return not self.unsent

    def send_rest(self) -> bool:
        """Go on sending; True when all of it is out."""
        self.unsent = self.unsent[self.socket.send(self.unsent) :]
        return not self.unsent

    def read_status(self) -> int | None:
        """Read; give the status once the answer is whole. Raises ConnectionError when the server hung up."""
        data = self.socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("the server hung up")
        if self.received:
            data = self.received + data
        status = whole_status(data)
        self.received = data if status is None else b""
        return status


def whole_status(data: bytes) -> int | None:
    """Give the status of an answer that is there whole, None of one that is not.

    Raises ValueError for an answer without a length or with something behind it: neither is expected here.
    """
    end = data.find(_END_OF_HEAD)
    if end < 0:
        return None
    at = data.find(_LENGTH, 0, end)
    if at < 0:
        at = data[:end].lower().find(_LENGTH)
        if at < 0:
            raise ValueError(f"an answer without a length: {data[:200]!r}")
    stop = data.find(b"\r", at)
    missing = end + len(_END_OF_HEAD) + int(data[at + len(_LENGTH) : stop]) - len(data)
    if missing < 0:
        raise ValueError("an answer was followed by something that was not asked for")
    return None if missing else int(data[9:12])


class Generator:
    """The loop. `run` once."""

    def __init__(self, load: Load) -> None:
        """Open the connections. Raises OSError."""
        self._load = load
        self._requests: Iterator[bytes] = requests(load.traffic)
        self._epoll = select.epoll()
        self._lines: dict[int, Line] = {}
        self._statuses: Counter[int] = Counter()
        self._durations: list[int] = []
        self._begin = self._end = 0
        self._under_way = 0
        self._hung_up = 0
        for _ in range(load.connections):
            self._open()

    def run(self) -> Tally:
        """Send until the time is over, and wait for the answers that are still to come."""
        now = time.perf_counter_ns()
        self._begin = now + int(self._load.warm_seconds * 1e9)
        self._end = self._begin + int(self._load.seconds * 1e9)
        for number in list(self._lines):
            self._send(number)
        deadline = self._end + int(self._load.drain_seconds * 1e9)
        while self._under_way and time.perf_counter_ns() < deadline:
            self._turn()
        self._statuses[0] += self._under_way
        for line in self._lines.values():
            line.socket.close()
        self._epoll.close()
        return self._tally()

    def _turn(self) -> None:
        lines, durations, statuses = self._lines, self._durations, self._statuses
        begin, end, expected = self._begin, self._end, self._load.traffic.expected
        answered: list[int] = []
        for number, event in self._epoll.poll(0.05):
            line = lines[number]
            if event & select.EPOLLOUT:
                self._go_on(number)
                continue
            try:
                status = line.read_status()
            except ConnectionError:
                self._reopen(number)
                continue
            if status is None:
                continue
            now = time.perf_counter_ns()
            statuses[status] += 1
            self._under_way -= 1
            if status == expected and begin <= now < end:
                durations.append(now - line.sent_at)
            if now < end:
                answered.append(number)
        # All are read before any is sent: what waits to be read ages meanwhile.
        for number in answered:
            self._send(number)

    def _send(self, number: int) -> None:
        self._under_way += 1
        try:
            if not self._lines[number].send(next(self._requests)):
                self._epoll.modify(number, select.EPOLLOUT)
        except ConnectionError:
            self._reopen(number)

    def _go_on(self, number: int) -> None:
        try:
            if self._lines[number].send_rest():
                self._epoll.modify(number, select.EPOLLIN)
        except ConnectionError:
            self._reopen(number)

    def _open(self) -> int:
        line = Line(self._load.host, self._load.port)
        number = line.socket.fileno()
        self._lines[number] = line
        self._epoll.register(number, select.EPOLLIN)
        return number

    def _reopen(self, number: int) -> None:
        """Put a new connection in the place of one that broke: what was under way on it counts as unanswered."""
        self._statuses[0] += 1
        self._under_way -= 1
        self._hung_up += 1
        self._epoll.unregister(number)
        self._lines.pop(number).socket.close()
        if self._hung_up > _TRIES_MAX * self._load.connections:
            raise ConnectionError(f"the server hung up {self._hung_up} times")
        if time.perf_counter_ns() < self._end:
            self._send(self._open())

    def _tally(self) -> Tally:
        transfers = self._load.traffic.transfers
        return Tally(
            seconds=self._load.seconds,
            counted=len(self._durations) * transfers,
            acknowledged=self._statuses[self._load.traffic.expected] * transfers,
            statuses={status: count for status, count in self._statuses.items() if count},
            durations=dict(Counter(map(bucket_of, self._durations))),
        )


def main() -> None:
    """Read the load, send it, write the tally."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(Generator(load).run()))


if __name__ == "__main__":
    main()
