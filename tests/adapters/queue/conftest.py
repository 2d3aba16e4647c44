"""A worker inside the test's own process, on a real Valkey, with whatever actors the test gives it."""

from collections.abc import Iterator

import pytest
import redis

from adapters.queue.client import make_client
from tests.adapters.queue.workbench import Workbench


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = make_client(redis_url)
    yield made
    made.close()


@pytest.fixture
def workbench(redis_url: str) -> Iterator[Workbench]:
    bench = Workbench(redis_url)
    yield bench
    bench.stop()
