"""A worker that dies with a job in its hands loses nothing: its messages go to another within seconds."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import redis
from dramatiq import Message

from adapters.queue.broker import make_broker
from tests.adapters.queue.workbench import eventually

ROOT = Path(__file__).parents[3]
HEARTBEAT_SECONDS = 1.0

WORKER = textwrap.dedent(
    f"""
    import sys, time
    import dramatiq, redis
    from dramatiq import Worker
    from adapters.queue.broker import make_broker, standard_middleware

    url, name = sys.argv[1:]
    broker = make_broker(url, standard_middleware(lambda retries, error: True), heartbeat_seconds={HEARTBEAT_SECONDS})
    seen = redis.Redis.from_url(url)

    @dramatiq.actor(broker=broker, queue_name="reactions")
    async def react(what):
        seen.rpush("seen", name)
        while seen.exists("hold:" + name):
            time.sleep(0.01)
        seen.rpush("done", name)

    Worker(broker, worker_timeout=20, worker_threads=1).start()
    seen.set("ready:" + name, "1")
    time.sleep(60)
    """
)

Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(redis_url: str) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", WORKER, redis_url, name], cwd=ROOT, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_job_of_a_killed_worker_is_done_by_another_within_seconds(
    redis_url: str, client: redis.Redis, start: Start
) -> None:
    client.set("hold:first", "1")
    first, second = start("first"), None
    eventually(lambda: client.exists("ready:first"), within_seconds=10)
    broker = make_broker(redis_url)
    broker.enqueue(Message(queue_name="reactions", actor_name="react", args=(), kwargs={"what": "it"}, options={}))
    eventually(lambda: client.lrange("seen", 0, -1) == [b"first"])

    os.kill(first.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    second = start("second")

    eventually(lambda: client.lrange("done", 0, -1) == [b"second"], within_seconds=10)
    assert second.poll() is None
    assert time.monotonic() - killed_at < HEARTBEAT_SECONDS + 6
    broker.client.close()


def test_keys_stay_in_one_slot_of_a_cluster(redis_url: str, client: redis.Redis) -> None:
    broker = make_broker(redis_url)
    broker.enqueue(Message(queue_name="reactions", actor_name="react", args=(), kwargs={}, options={}))
    broker.client.close()

    assert {key.partition(b":")[0] for key in cast("list[bytes]", client.keys("*"))} == {b"{dramatiq}"}
