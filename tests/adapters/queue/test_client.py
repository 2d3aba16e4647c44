"""A broker that is away costs a bounded time, and always the same kind of error."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from adapters.queue.client import make_client
from tests.adapters.queue.workbench import closed_port, eventually, silent_server


def test_refused_connection_fails_at_once() -> None:
    client = make_client(f"redis://127.0.0.1:{closed_port()}/0")
    began = time.monotonic()

    with pytest.raises(redis.ConnectionError):
        client.ping()

    assert time.monotonic() - began < 0.5


def test_server_that_never_answers_is_given_up_in_time_as_not_reached() -> None:
    with silent_server() as port:
        client = make_client(f"redis://127.0.0.1:{port}/0", answer_seconds=0.2)
        began = time.monotonic()

        with pytest.raises(redis.ConnectionError):
            client.ping()

    assert 0.2 <= time.monotonic() - began < 1


def test_connection_that_was_closed_while_idle_is_opened_anew(redis_url: str, client: redis.Redis) -> None:
    client.ping()
    with redis.Redis.from_url(redis_url) as other:
        other.client_kill_filter(_id=client.client_id())

    assert client.ping()


def test_command_that_was_cut_off_is_not_sent_again(redis_url: str, client: redis.Redis) -> None:
    number = client.client_id()
    with redis.Redis.from_url(redis_url) as other, ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.blpop, "list", 1)
        eventually(lambda: any(one["id"] == str(number) and one["cmd"] == "blpop" for one in other.client_list()))

        other.client_kill_filter(_id=number)

        with pytest.raises(redis.ConnectionError):
            waiting.result()
