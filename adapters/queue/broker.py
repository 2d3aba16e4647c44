"""The broker: Dramatiq on Redis or Valkey, with every limit said out loud."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage, Middleware, Retries, TimeLimit

from adapters.queue.client import NAMESPACE, make_client

HEARTBEAT_SECONDS = 3.0
"""How long a worker may be silent before its messages are given to others; a live one speaks 20 times a second."""

MAINTENANCE_CHANCE = 100_000
"""In how many of a million commands the broker looks after silent workers: some 4 times a second when all is quiet."""

BACKOFF_MIN_MILLISECONDS = 500
BACKOFF_MAX_MILLISECONDS = 60_000
TIME_LIMIT_MILLISECONDS = 40_000
"""When a job is cut off from outside; its own deadline comes first."""


class RenamingBroker(RedisBroker):
    """A broker whose worker works under a new name after it lost its connection.

    Dramatiq gives the messages of a silent worker to others. It forgets messages that a living worker was given but
    does not know of: the answer with them was lost, or they were to wait for another try when the connection broke.
    Under a new name the old one falls silent, and all that it had is given out again; a second run of what it had done
    is harmless.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- Dramatiq's own options
        """Make it as Dramatiq does."""
        super().__init__(**options)  # type: ignore[no-untyped-call]  # Dramatiq leaves its constructor bare
        self._consumed: set[str] = set()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        """Begin to take messages from a queue; to begin again means that the connection was lost."""
        if queue_name in self._consumed:
            self._consumed.clear()
            self.broker_id = str(uuid4())
        self._consumed.add(queue_name)
        return super().consume(queue_name, prefetch, timeout)


def make_broker(
    url: str, middleware: Sequence[Middleware] = (), *, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> RedisBroker:
    """Make a broker on the Redis at `url`; nothing is connected yet. Senders need no middleware."""
    return RenamingBroker(
        client=make_client(url),
        middleware=list(middleware),
        namespace=NAMESPACE,
        heartbeat_timeout=int(heartbeat_seconds * 1000),
        maintenance_chance=MAINTENANCE_CHANCE,
    )


def standard_middleware(retry_when: Callable[[int, BaseException], bool]) -> list[Middleware]:
    """Give what every worker needs: retries with growing pauses and jitter, a time limit, a loop for async actors.

    `retry_when` is asked with how often a job was retried before and what it raised. Messages do not age.
    """
    return [
        Retries(min_backoff=BACKOFF_MIN_MILLISECONDS, max_backoff=BACKOFF_MAX_MILLISECONDS, retry_when=retry_when),
        TimeLimit(time_limit=TIME_LIMIT_MILLISECONDS),
        CurrentMessage(),
        AsyncIO(),
    ]
