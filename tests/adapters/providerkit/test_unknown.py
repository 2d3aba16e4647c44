"""What may have been sent: every failure after a connection was in hand, and none of them tried again."""

import asyncio
import logging
import time

import pytest

from adapters.providerkit.http import BODY_MAX_BYTES, ProviderHttp
from adapters.providerkit.messages import HttpResponse
from domain.providers import Unknown
from tests.adapters.providerkit.hostile import SECRET, Behaviour, Conversation, hostile, order, unused_port


async def reset_unread(talk: Conversation) -> None:
    talk.reset()


async def close_unread(_talk: Conversation) -> None:
    return


async def reset_after_request(talk: Conversation) -> None:
    await talk.hear()
    talk.reset()


async def close_after_request(talk: Conversation) -> None:
    await talk.hear()


async def half_a_status_line(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 20")


async def half_the_headers(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Le")


async def half_the_body(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status": "succ')


async def half_the_chunks(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n12")


async def reset_inside_the_body(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    talk.reset()


async def garbage(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"\x00\xff\x16\x03 not HTTP at all\r\n\r\n")


async def wrong_length(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}")


async def endless_headers(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        await talk.say(f"X-{number}: {'y' * 1000}\r\n".encode())


async def switch_protocols(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    await asyncio.sleep(5)


async def declared_too_large(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(f"HTTP/1.1 200 OK\r\nContent-Length: {BODY_MAX_BYTES + 1}\r\n\r\n".encode())
    await talk.say(b"x" * (BODY_MAX_BYTES + 1))


async def endless_body(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.say(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


async def silence(talk: Conversation) -> None:
    await talk.hear()
    await asyncio.sleep(5)


async def slow_drip(talk: Conversation) -> None:
    await talk.hear()
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        await talk.say(b"x")
        await asyncio.sleep(0.05)


FAILURES: list[Behaviour] = [
    reset_unread,
    close_unread,
    reset_after_request,
    close_after_request,
    half_a_status_line,
    half_the_headers,
    half_the_body,
    half_the_chunks,
    reset_inside_the_body,
    garbage,
    wrong_length,
    endless_headers,
    declared_too_large,
    endless_body,
    silence,
    slow_drip,
]


@pytest.mark.parametrize("behaviour", FAILURES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_failure_after_the_connection_is_unknown_and_nothing_is_repeated(
    http: ProviderHttp, behaviour: Behaviour, method: str
) -> None:
    async with hostile(behaviour) as server:
        began = time.monotonic()
        outcome = await http.exchange(order(server.url, method), deadline_seconds=0.5)
        took = time.monotonic() - began

    assert isinstance(outcome, Unknown)
    assert took < 3
    assert server.connections == 1


async def test_switch_of_protocols_is_no_success(http: ProviderHttp) -> None:
    async with hostile(switch_protocols) as server:
        outcome = await http.exchange(order(server.url), deadline_seconds=0.5)

    assert isinstance(outcome, Unknown) or (isinstance(outcome, HttpResponse) and outcome.status == 101)


async def first_well_then_deaf(talk: Conversation) -> None:
    await talk.hear()
    await talk.answer()
    await talk.hear()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_kept_connection_that_dies_leaves_doubt_and_is_not_tried_again(http: ProviderHttp, method: str) -> None:
    async with hostile(first_well_then_deaf) as server:
        await http.exchange(order(server.url, method), deadline_seconds=1)
        outcome = await http.exchange(order(server.url, method), deadline_seconds=1)

    assert isinstance(outcome, Unknown)
    assert len(server.requests) == 2
    assert server.connections == 1


async def test_question_on_a_kept_connection_that_dies_may_be_asked_again(http: ProviderHttp) -> None:
    async with hostile(first_well_then_deaf) as server:
        await http.exchange(order(server.url, "GET"), deadline_seconds=1)
        outcome = await http.exchange(order(server.url, "GET"), deadline_seconds=1)

    assert isinstance(outcome, HttpResponse)
    assert (len(server.requests), server.connections) == (3, 2)


async def test_cancellation_is_not_taken_for_an_outcome(http: ProviderHttp) -> None:
    async with hostile(silence) as server:
        exchange = asyncio.create_task(http.exchange(order(server.url), deadline_seconds=5))
        await asyncio.sleep(0.05)
        exchange.cancel()

        with pytest.raises(asyncio.CancelledError):
            await exchange


async def test_log_of_a_failure_shows_no_secret(http: ProviderHttp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await http.exchange(order(f"http://127.0.0.1:{unused_port()}"), deadline_seconds=1)
        async with hostile(garbage) as server:
            await http.exchange(order(server.url), deadline_seconds=1)

    shown = caplog.text
    assert "provider.exchange_failed" in shown
    assert SECRET not in shown
    assert "amount" not in shown
