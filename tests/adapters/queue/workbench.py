"""A worker that can be started and stopped by a test, and what it did."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.broker import make_broker, standard_middleware
from adapters.queue.client import NAMESPACE
from adapters.queue.dead_letters import DeadLetter, DeadLetters
from adapters.queue.jobs import QUEUES, DramatiqJobQueue
from adapters.queue.live_jobs import LiveJobsMiddleware
from adapters.queue.liveness import Liveness

RETRIES_MAX = 2
BEAT_SECONDS = 0.1
HEARTBEAT_SECONDS = 0.5


class Workbench:
    """One broker, its queue, and the worker: `react` does what the test says, `resolve` and `expire` only count."""

    def __init__(self, url: str) -> None:
        self.parked: list[DeadLetter] = []
        self.park_trouble: Exception | None = None
        self.done: Counter[str] = Counter()
        self.deed: Callable[[], None] = lambda: None
        self.broker = self._make_broker(url)
        self.queue = DramatiqJobQueue(self.broker)
        self._worker: Worker | None = None

    def start(self) -> None:
        worker = Worker(self.broker, worker_timeout=20, worker_threads=2)
        worker.start()
        self._worker = worker

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop(timeout=5_000)
            self._worker = None
        self.broker.client.close()

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What waits in a queue, or was taken from it and is not done yet."""
        raw = cast("list[bytes]", self.broker.client.hvals(f"{NAMESPACE}:{queue}.msgs"))
        return [dramatiq.Message.decode(one).asdict() for one in raw]

    def rests(self, queue: str) -> bool:
        """Whether the worker holds a message that waits for another try."""
        worker = self._worker
        return worker is not None and not worker.consumers[f"{queue}.DQ"].delay_queue.empty()

    def is_empty(self) -> bool:
        return not any(self.messages(f"{queue}{end}") for queue in set(QUEUES.values()) for end in ("", ".DQ"))

    def _make_broker(self, url: str) -> RedisBroker:
        middleware = [
            Liveness("worker", beat_seconds=BEAT_SECONDS),
            DeadLetters(self._park),
            LiveJobsMiddleware(),
            *standard_middleware(lambda retries, _error: retries < RETRIES_MAX),
        ]
        broker = make_broker(url, middleware, heartbeat_seconds=HEARTBEAT_SECONDS)
        for name, queue in QUEUES.items():
            dramatiq.actor(broker=broker, actor_name=name, queue_name=queue, min_backoff=10, max_backoff=20)(
                self._actor(name)
            )
        return broker

    def _actor(self, name: str) -> Callable[..., Any]:
        async def run(**arguments: str) -> None:
            self.done[name] += 1
            if name == "react":
                self.deed()

        return run

    async def _park(self, letter: DeadLetter) -> None:
        if self.park_trouble is not None:
            raise self.park_trouble
        self.parked.append(letter)


def eventually(holds: Callable[[], object], *, within_seconds: float = 5.0) -> None:
    """Wait until something holds; TimeoutError when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)  # a poll with a deadline: what is waited for happens in another thread or process


def explode() -> None:
    raise ZeroDivisionError("the poison of password=hunter2")


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in taken:
        one.close()
