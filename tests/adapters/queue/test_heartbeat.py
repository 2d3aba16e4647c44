"""Processes behind the API give signs of life, and are missed when they stop."""

import os
import socket
import threading

import redis
from dramatiq.asyncio import get_event_loop_thread

from adapters.queue import heartbeat
from adapters.queue.client import NAMESPACE
from adapters.queue.heartbeat import Heartbeat, living
from tests.adapters.queue.workbench import BEAT_SECONDS, Workbench, eventually

ME = f"{socket.gethostname()}:{os.getpid()}"


def age(client: redis.Redis, component: str, seconds: float) -> None:
    client.zincrby(f"{NAMESPACE}:alive:{component}", -seconds, ME)


def test_nobody_lives_before_the_first_sign(client: redis.Redis) -> None:
    assert living(client, "worker") == ()


def test_process_lives_after_its_sign_and_only_in_its_component(client: redis.Redis) -> None:
    Heartbeat(client, "worker").beat()

    assert living(client, "worker") == (ME,)
    assert living(client, "relay") == ()


def test_process_that_is_silent_too_long_is_dead(client: redis.Redis) -> None:
    Heartbeat(client, "worker").beat()
    age(client, "worker", heartbeat.ALIVE_SECONDS + 1)

    assert living(client, "worker") == ()


def test_process_that_ends_in_order_is_gone_at_once(client: redis.Redis) -> None:
    beating = Heartbeat(client, "relay")
    beating.beat()

    beating.end()

    assert living(client, "relay") == ()


def test_those_who_died_long_ago_are_forgotten(client: redis.Redis) -> None:
    client.zadd(f"{NAMESPACE}:alive:worker", {"elsewhere:1": 1.0})

    Heartbeat(client, "worker").beat()

    assert client.zrange(f"{NAMESPACE}:alive:worker", 0, -1) == [ME.encode()]


def test_worker_lives_from_its_boot_to_its_end(workbench: Workbench, client: redis.Redis) -> None:
    workbench.start()
    eventually(lambda: living(client, "worker") == (ME,))

    workbench.stop()

    eventually(lambda: living(client, "worker") == ())


def test_worker_whose_event_loop_hangs_gives_no_signs(workbench: Workbench, client: redis.Redis) -> None:
    workbench.start()
    eventually(lambda: living(client, "worker"))
    loop = get_event_loop_thread()
    assert loop is not None
    release, hangs = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        release.wait(10)

    loop.loop.call_soon_threadsafe(hang)
    hangs.wait(5)
    client.delete(f"{NAMESPACE}:alive:worker")

    silent = not _lives_within(client, 5 * BEAT_SECONDS)
    release.set()

    assert silent
    eventually(lambda: living(client, "worker") == (ME,))


def _lives_within(client: redis.Redis, seconds: float) -> bool:
    try:
        eventually(lambda: living(client, "worker"), within_seconds=seconds)
    except TimeoutError:
        return False
    return True
