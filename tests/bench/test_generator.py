"""The load generator against a server that says what it got."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.bench.generator import Generator, Load, whole_status
from tests.bench.generators import put_together, share_of
from tests.bench.traffic import Traffic, picking, requests

Answering = Callable[[int, bytes], tuple[bytes, ...]]
CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
KEY = re.compile(rb"idempotency-key: ([0-9a-f]{32})\r\n")


class Stub:
    """A server in threads: `answering` gives the parts of the answer to the n-th request; none at all hangs up."""

    def __init__(self, listener: socket.socket, answering: Answering) -> None:
        self.requests: list[bytes] = []
        self._listener = listener
        self._answering = answering
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def keys(self) -> list[bytes]:
        return [found[1] for request in self.requests if (found := KEY.search(request))]

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := _read(connection):
                with self._lock:
                    self.requests.append(request)
                    parts = self._answering(len(self.requests), request)
                for part in parts:
                    connection.sendall(part)
                if not parts:
                    return


def _read(connection: socket.socket) -> bytes:
    """Read one whole request; nothing at the end of the connection."""
    received = b""
    while True:
        head, separator, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if separator and length and len(body) >= int(length[1]):
            assert len(body) == int(length[1]), "a second request came before the answer to the first"
            return received
        try:
            more = connection.recv(4096)
        except ConnectionError:
            return b""
        if not more:
            return b""
        received += more


@contextmanager
def stub(answering: Answering) -> Iterator[Stub]:
    """Run a stub server on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield Stub(listener, answering)
        listener.shutdown(socket.SHUT_RDWR)


def traffic(**changes: object) -> Traffic:
    """Say what to send."""
    plain = Traffic(
        path="/v1/transfers",
        host="127.0.0.1",
        authorization="Bearer key",
        account_format="acc_{:032x}",
        accounts=50,
        debited=50,
        seed=1,
    )
    return msgspec.structs.replace(plain, **changes)


def load(server: Stub, *, connections: int = 4, seconds: float = 0.2, **changes: object) -> Load:
    """Say how to send it, for a moment."""
    return Load(
        host="127.0.0.1", port=server.port, traffic=traffic(**changes), connections=connections, seconds=seconds
    )


def test_every_request_is_answered_counted_and_has_a_key_of_its_own() -> None:
    with stub(lambda _number, _request: (CREATED,)) as server:
        tally = Generator(load(server)).run()

    assert tally.acknowledged == len(server.requests) == len(set(server.keys))
    assert tally.statuses == {201: tally.acknowledged}
    assert 0 < sum(tally.durations.values()) == tally.counted <= tally.acknowledged


def test_refusals_are_counted_by_status_and_are_no_success() -> None:
    with stub(lambda number, _request: (BUSY,) if number % 3 == 0 else (CREATED,)) as server:
        tally = Generator(load(server, connections=1)).run()

    total = len(server.requests)
    assert tally.statuses == {201: total - total // 3, 503: total // 3}
    assert tally.acknowledged == total - total // 3


def test_answer_that_comes_in_pieces_is_one_answer() -> None:
    with stub(lambda _number, _request: (CREATED[:9], CREATED[9:30], CREATED[30:])) as server:
        tally = Generator(load(server)).run()

    assert tally.statuses == {201: len(server.requests)}


def test_request_on_a_connection_that_breaks_counts_as_unanswered_and_others_go_on() -> None:
    with stub(lambda number, _request: () if number == 5 else (CREATED,)) as server:
        tally = Generator(load(server, connections=2)).run()

    assert tally.statuses == {201: len(server.requests) - 1, 0: 1}
    assert tally.acknowledged == len(server.requests) - 1 > 5


def test_server_that_always_hangs_up_ends_the_run() -> None:
    with (
        stub(lambda _number, _request: ()) as server,
        pytest.raises(ConnectionError, match="hung up"),
    ):
        Generator(load(server, seconds=5.0)).run()


def test_what_is_answered_after_the_end_is_acknowledged_and_not_counted() -> None:
    late = threading.Event()

    def answer_late(_number: int, _request: bytes) -> tuple[bytes, ...]:
        late.wait(0.4)
        return (CREATED,)

    with stub(answer_late) as server:
        tally = Generator(load(server, connections=1, seconds=0.1)).run()

    assert (tally.acknowledged, tally.counted) == (1, 0)


def test_warm_up_is_acknowledged_and_not_counted() -> None:
    with stub(lambda _number, _request: (CREATED,)) as server:
        tally = Generator(msgspec.structs.replace(load(server), warm_seconds=0.2)).run()

    assert 0 < tally.counted < tally.acknowledged == len(server.requests)


def test_batch_counts_the_transfers_in_it() -> None:
    with stub(lambda _number, _request: (CREATED,)) as server:
        tally = Generator(load(server, batch=25)).run()

    body = msgspec.json.decode(server.requests[0].partition(b"\r\n\r\n")[2])
    assert (body["mode"], len(body["transfers"])) == ("each", 25)
    assert tally.acknowledged == 25 * len(server.requests)


def test_transfers_are_between_two_accounts_of_those_that_may_be_debited() -> None:
    pick = picking(traffic(accounts=50, debited=3))
    pairs = [pick() for _ in range(5_000)]

    assert {debit for debit, _ in pairs} == {1, 2, 3}
    assert {credit for _, credit in pairs} == set(range(1, 51))
    assert all(debit != credit for debit, credit in pairs)


def test_request_is_what_the_api_is_asked() -> None:
    head, _, body = next(requests(traffic())).partition(b"\r\n\r\n")

    assert head.startswith(b"POST /v1/transfers HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer key\r\n")
    assert set(msgspec.json.decode(body)) == {"debit_account", "credit_account", "amount", "currency"}


def test_answer_is_whole_when_its_length_is_there() -> None:
    assert [whole_status(CREATED[:end]) for end in range(len(CREATED))] == [None] * len(CREATED)
    assert (whole_status(CREATED), whole_status(BUSY)) == (201, 503)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", CREATED + b"H"])
def test_answer_of_unknown_length_and_one_too_many_are_faults(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"without a length|not asked for"):
        whole_status(answer)


def test_connections_are_shared_out_over_processes_and_tallies_add_up() -> None:
    with stub(lambda _number, _request: (CREATED,)) as server:
        whole = load(server, connections=5)
        shares = [share_of(whole, part, 2) for part in range(2)]
        run = put_together([Generator(share).run() for share in shares], expected=201)

    assert [share.connections for share in shares] == [3, 2]
    assert run.acknowledged == len(server.requests) == len(set(server.keys))
