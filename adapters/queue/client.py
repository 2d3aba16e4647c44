"""Connections to the broker: bounded in number, in waiting and in trying again."""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
CONNECTIONS_MAX = 50
RETRIES = 0
"""A connection that was closed while it was idle is opened anew all the same. A command that was cut off is not sent
again: the broker may have obeyed it, and then the messages that it gave out would be lost with its answer."""

NAMESPACE = "{dramatiq}"
"""Before every key; in braces it is a hash tag, which keeps the queue in one slot of a Redis Cluster."""


class BrokerClient(redis.Redis):
    """A client for which a broker that does not answer in time is one that cannot be reached.

    redis-py tells the two apart. Dramatiq does not expect the first: a message whose acknowledgement timed out would
    wait, unacknowledged, for the end of its worker.
    """

    def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- redis-py's own signature
        """Ask the server. Raises redis.ConnectionError also when the answer takes too long."""
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it bare
        except redis.TimeoutError as error:
            raise redis.ConnectionError(f"no answer in time: {error}") from error


def make_client(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> BrokerClient:
    """Make a client that connects when it is first used: at most 1 s for that, 2 s (or as said) for an answer."""
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), RETRIES, supported_errors=(redis.ConnectionError,)),
    )
    return BrokerClient(connection_pool=pool)
