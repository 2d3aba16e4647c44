"""The connection that sends together what is asked together, and never keeps anybody waiting."""

import asyncio
import time
from urllib.parse import urlsplit

import hiredis
import pytest
import uvloop

from adapters.redis.connection import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    PENDING_MAX,
    RedisAway,
    RedisConnection,
    _greeting,
)

NOWHERE = "redis://127.0.0.1:1/0"


async def test_a_thousand_who_ask_at_once_get_each_their_own_answer(connection: RedisConnection) -> None:
    answers = await asyncio.gather(*(connection.ask("ECHO", number) for number in range(1_000)))

    assert answers == [str(number).encode() for number in range(1_000)]


async def test_it_works_on_the_loop_of_the_server(redis_url: str) -> None:
    async def asked() -> object:
        connection = RedisConnection(redis_url, answer_seconds=5)
        answer = await connection.ask("ECHO", "hello")
        await connection.close()
        return answer

    assert await asyncio.to_thread(uvloop.run, asked()) == b"hello"


async def test_what_is_asked_at_once_is_read_in_few_turns_by_redis(connection: RedisConnection) -> None:
    await connection.ask("CONFIG", "RESETSTAT")

    await asyncio.gather(*(connection.ask("PING") for _ in range(1_000)))

    info = await connection.ask("INFO", "stats")
    assert isinstance(info, bytes)
    found = dict(line.split(b":", 1) for line in info.splitlines() if b":" in line)
    assert int(found[b"total_reads_processed"]) < 100
    assert int(found[b"total_commands_processed"]) >= 1_000


async def test_a_refusal_is_a_reply_and_spoils_nothing(connection: RedisConnection) -> None:
    refusal, pong = await asyncio.gather(connection.ask("NOTHING"), connection.ask("PING"))

    assert isinstance(refusal, hiredis.ReplyError)
    assert pong == b"PONG"


async def test_a_caller_who_gives_up_does_not_shift_the_answers_of_others(connection: RedisConnection) -> None:
    await connection.ask("PING")
    given_up = asyncio.ensure_future(connection.ask("ECHO", "mine"))
    await asyncio.sleep(0)
    other = asyncio.ensure_future(connection.ask("ECHO", "yours"))
    given_up.cancel()

    assert await other == b"yours"


async def test_a_connection_that_was_cut_is_made_anew_without_anybody_waiting_for_it(
    connection: RedisConnection,
) -> None:
    number = await connection.ask("CLIENT", "ID")
    assert isinstance(number, int)
    await connection.ask("CLIENT", "KILL", "ID", number, "SKIPME", "no")
    with pytest.raises(RedisAway):
        await connection.ask("PING")

    deadline = time.monotonic() + 10
    answer: object = None
    while answer != b"PONG":
        assert time.monotonic() < deadline
        began = time.monotonic()
        try:
            answer = await connection.ask("PING")
        except RedisAway:
            assert time.monotonic() - began < 0.2
            await asyncio.sleep(0.01)


async def test_nobody_listens_and_it_is_said_at_once_and_not_tried_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = RedisConnection(NOWHERE)
    with pytest.raises(RedisAway):
        await connection.ask("PING")
    attempts: list[object] = []
    monkeypatch.setattr(connection, "_opened", lambda: attempts.append(1))

    for _ in range(100):
        with pytest.raises(RedisAway):
            await connection.ask("PING")
        await asyncio.sleep(0)

    assert attempts == []


async def test_a_server_that_takes_connections_and_says_nothing_counts_as_away(mute: str) -> None:
    connection = RedisConnection(mute)
    began = time.monotonic()

    with pytest.raises(RedisAway):
        await connection.ask("PING")

    assert time.monotonic() - began < CONNECT_SECONDS + 1
    await connection.close()


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(redis_url: str) -> None:
    connection = RedisConnection(redis_url)
    await connection.ask("PING")
    began = time.monotonic()

    with pytest.raises(RedisAway, match="no answer"):
        await connection.ask("BLPOP", "nobody:pushes:here", 5)

    assert ANSWER_SECONDS <= time.monotonic() - began < 1
    await connection.close()


async def test_the_queue_is_bounded(connection: RedisConnection) -> None:
    await connection.ask("PING")

    outcomes = await asyncio.gather(*(connection.ask("PING") for _ in range(PENDING_MAX + 5)), return_exceptions=True)

    assert [type(one) for one in outcomes if one != b"PONG"] == [RedisAway] * 5


async def test_who_still_waits_at_the_end_is_told(redis_url: str) -> None:
    connection = RedisConnection(redis_url, answer_seconds=30)
    await connection.ask("PING")
    waiting = asyncio.ensure_future(connection.ask("BLPOP", "nobody:pushes:here", 30))
    await asyncio.sleep(0.01)

    await connection.close()

    with pytest.raises(RedisAway):
        await waiting


async def test_a_wrong_password_counts_as_away_and_is_not_repeated(redis_url: str) -> None:
    host = redis_url.rpartition("@")[2].removeprefix("redis://")
    connection = RedisConnection(f"redis://nobody:canary@{host}")

    with pytest.raises(RedisAway) as away:
        await connection.ask("PING")

    assert "canary" not in str(away.value)
    await connection.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache.example.com", [("PING",)]),
        ("redis://cache.example.com/3", [("SELECT", "3"), ("PING",)]),
        ("redis://:p%40ss@cache.example.com:1/0", [("AUTH", "p@ss"), ("SELECT", "0"), ("PING",)]),
        ("rediss://me:word@cache.example.com", [("AUTH", "me", "word"), ("PING",)]),
    ],
)
def test_the_address_says_who_we_are_and_which_database(url: str, expected: list[tuple[str, ...]]) -> None:
    assert _greeting(urlsplit(url)) == expected
