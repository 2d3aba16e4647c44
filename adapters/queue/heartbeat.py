"""Signs of life of the processes behind the API, kept in the broker for whoever asks whether they work."""

import os
import socket
from typing import Any, cast

import redis

from adapters.queue.client import NAMESPACE

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0
"""How old a sign of life may be; by the broker's clock."""

FORGOTTEN_SECONDS = 60


class Heartbeat:
    """The signs of life of one process of a component, `worker` or `relay`."""

    def __init__(self, client: redis.Redis, component: str) -> None:
        """Give signs for this process."""
        self._client = client
        self._key = _key(component)
        self._process = f"{socket.gethostname()}:{os.getpid()}"

    def beat(self) -> None:
        """Give a sign, and forget processes that are long silent. Raises redis.RedisError."""
        now = _now(self._client)
        self._client.zadd(self._key, {self._process: now})
        self._client.zremrangebyscore(self._key, "-inf", now - FORGOTTEN_SECONDS)
        self._client.expire(self._key, FORGOTTEN_SECONDS)

    def end(self) -> None:
        """Say that this process stops. Raises redis.RedisError."""
        self._client.zrem(self._key, self._process)


def living(client: redis.Redis, component: str) -> tuple[str, ...]:
    """Name the processes of a component, as `host:pid`, that gave a sign in the last 10 s. Raises redis.RedisError."""
    oldest = _now(client) - ALIVE_SECONDS
    found = cast("list[bytes]", client.zrangebyscore(_key(component), oldest, "+inf"))
    return tuple(name.decode() for name in found)


def _key(component: str) -> str:
    return f"{NAMESPACE}:alive:{component}"


def _now(client: redis.Redis) -> float:
    seconds, microseconds = cast("tuple[Any, Any]", client.time())
    return float(seconds) + float(microseconds) / 1e6
