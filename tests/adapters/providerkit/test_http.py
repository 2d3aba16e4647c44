"""What goes over the wire in an exchange, and what comes back: nothing added, followed, kept or shown."""

import gzip

import pytest

from adapters.providerkit.http import BODY_MAX_BYTES, ProviderHttp
from adapters.providerkit.messages import HttpRequest, HttpResponse
from tests.adapters.providerkit.hostile import Conversation, hostile, keep, order, unused_port


async def test_answer_comes_back_whole_and_the_request_went_out_as_it_was_built(http: ProviderHttp) -> None:
    async def answer(talk: Conversation) -> None:
        await talk.hear()
        await talk.answer(b'{"id": 1}', "402 No", "X-Twice: a\r\nx-twice: b\r\n")

    async with hostile(answer) as server:
        request = HttpRequest(
            method="POST",
            url=f"{server.url}/a%2Fb/%2E%2E/c?x=%20",
            headers={"Idempotency-Key": "k"},
            body=b"\x00\xff",
        )
        response = await http.exchange(request, deadline_seconds=2)

    assert isinstance(response, HttpResponse)
    assert (response.status, response.body) == (402, b'{"id": 1}')
    assert response.headers == {"content-length": "9", "x-twice": "a, b"}
    [heard] = server.requests
    assert heard.startswith(b"POST /a%2Fb/%2E%2E/c?x=%20 HTTP/1.1\r\n")
    assert heard.endswith(b"\r\n\r\n\x00\xff")
    assert b"Idempotency-Key: k\r\n" in heard
    assert b"Accept-Encoding: identity\r\n" in heard


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirect_is_an_answer_and_not_followed(http: ProviderHttp, status: str) -> None:
    async def redirect(talk: Conversation) -> None:
        await talk.hear()
        await talk.answer(status=status, headers="Location: /elsewhere\r\n")

    async with hostile(redirect) as server:
        outcome = await http.exchange(order(server.url), deadline_seconds=1)

    assert isinstance(outcome, HttpResponse)
    assert outcome.status == int(status[:3])
    assert len(server.requests) == 1


async def test_connections_are_kept(http: ProviderHttp) -> None:
    async with hostile(keep) as server:
        for _ in range(5):
            await http.exchange(order(server.url), deadline_seconds=1)

    assert (len(server.requests), server.connections) == (5, 1)


async def test_answer_is_not_decompressed(http: ProviderHttp) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    async def answer(talk: Conversation) -> None:
        await talk.hear()
        await talk.answer(bomb, headers="Content-Encoding: gzip\r\n")

    async with hostile(answer) as server:
        outcome = await http.exchange(order(server.url), deadline_seconds=2)

    assert isinstance(outcome, HttpResponse)
    assert outcome.body == bomb


async def test_largest_answer_is_still_read(http: ProviderHttp) -> None:
    async def answer(talk: Conversation) -> None:
        await talk.hear()
        await talk.answer(b"x" * BODY_MAX_BYTES)

    async with hostile(answer) as server:
        outcome = await http.exchange(order(server.url), deadline_seconds=2)

    assert isinstance(outcome, HttpResponse)
    assert len(outcome.body) == BODY_MAX_BYTES


async def test_cookies_are_not_kept(http: ProviderHttp) -> None:
    async def answer(talk: Conversation) -> None:
        while True:
            await talk.hear()
            await talk.answer(headers="Set-Cookie: session=1\r\n")

    async with hostile(answer) as server:
        for _ in range(2):
            await http.exchange(order(server.url), deadline_seconds=1)

    assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_proxies_of_the_environment_are_not_used(http: ProviderHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")

    async with hostile(keep) as server:
        outcome = await http.exchange(order(server.url), deadline_seconds=1)

    assert isinstance(outcome, HttpResponse)
