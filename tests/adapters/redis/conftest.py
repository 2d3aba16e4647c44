"""Connections to the Redis of the tests, and one that leads to a server that takes connections and says nothing."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import structlog

from adapters.redis.buckets import SharedBuckets
from adapters.redis.connection import RedisConnection
from adapters.redis.rate_limiter import LeasingRateLimiter
from adapters.telemetry.logging import configure_logging
from application.ports.limits import Quota

PATIENT_SECONDS = 5.0
"""An answer in time is not what these tests are about, and the machine may be busy."""

Open = Callable[..., LeasingRateLimiter]


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Give the lines that were logged so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.BytesIO()
    configure_logging(level="info", service="mediator", component="api", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[RedisConnection]:
    """Connect as the API does, with more patience."""
    made = RedisConnection(redis_url, answer_seconds=PATIENT_SECONDS)
    yield made
    await made.close()


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[Open]:
    """Make the limiter of another process: its own connection, its own leases."""
    connections: list[RedisConnection] = []

    def make(quota: Quota, **options: Any) -> LeasingRateLimiter:
        connections.append(RedisConnection(redis_url, answer_seconds=PATIENT_SECONDS))
        return LeasingRateLimiter(quota, shared=SharedBuckets(connections[-1]), processes=1, **options)

    yield make
    for one in connections:
        await one.close()


@pytest.fixture
async def mute() -> AsyncIterator[str]:
    """Give the address of a server that takes connections and never answers, as a stopped Redis does."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()
    for writer in writers:
        writer.close()
    await server.wait_closed()
