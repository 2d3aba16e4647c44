"""The broker: Dramatiq on Redis or Valkey, with every limit said out loud."""

from collections.abc import Callable, Sequence

from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage, Middleware, Retries, TimeLimit

from adapters.queue.client import NAMESPACE, make_client

HEARTBEAT_SECONDS = 5.0
"""How long a worker may be silent before its messages are given to others; a live one speaks 20 times a second."""

MAINTENANCE_CHANCE = 100_000
"""In how many of a million commands the broker looks after silent workers: some 4 times a second when all is quiet."""

BACKOFF_MIN_MILLISECONDS = 500
BACKOFF_MAX_MILLISECONDS = 60_000
TIME_LIMIT_MILLISECONDS = 40_000
"""When a job is cut off from outside; its own deadline comes first."""


def make_broker(
    url: str, middleware: Sequence[Middleware] = (), *, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> RedisBroker:
    """Make a broker on the Redis at `url`; nothing is connected yet. Senders need no middleware."""
    return RedisBroker(  # type: ignore[no-untyped-call]  # Dramatiq leaves this constructor without annotations
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
