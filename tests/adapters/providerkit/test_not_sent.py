"""What surely was not sent: every failure before a connection was in hand."""

import asyncio

import pytest

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.messages import HttpRequest
from domain.providers import NotSent, Unknown
from tests.adapters.providerkit.hostile import Conversation, hostile, keep, order, unused_port


async def test_refused_connection_is_not_sent(http: ProviderHttp) -> None:
    outcome = await http.exchange(order(f"http://127.0.0.1:{unused_port()}"), deadline_seconds=2)

    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize("host", ["provider.invalid", "x" * 70 + ".example", "127.0.0.1:0", "127.0.0.1:99999", "["])
async def test_host_that_cannot_be_found_is_not_sent(http: ProviderHttp, host: str) -> None:
    outcome = await http.exchange(order(f"http://{host}"), deadline_seconds=2)

    assert isinstance(outcome, NotSent)


async def test_failed_tls_handshake_is_not_sent(http: ProviderHttp) -> None:
    async def answer_plainly(talk: Conversation) -> None:
        await talk.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(1)

    async with hostile(answer_plainly) as server:
        outcome = await http.exchange(order(f"https://127.0.0.1:{server.port}"), deadline_seconds=2)

    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize("resets", [True, False])
async def test_tls_handshake_that_ends_early_is_not_sent(http: ProviderHttp, *, resets: bool) -> None:
    async def go_away(talk: Conversation) -> None:
        if resets:
            talk.reset()

    async with hostile(go_away) as server:
        outcome = await http.exchange(order(f"https://127.0.0.1:{server.port}"), deadline_seconds=2)

    assert isinstance(outcome, NotSent)


async def test_tls_handshake_past_the_deadline_is_not_sent(http: ProviderHttp) -> None:
    async def stay_silent(_talk: Conversation) -> None:
        await asyncio.sleep(5)

    async with hostile(stay_silent) as server:
        outcome = await http.exchange(order(f"https://127.0.0.1:{server.port}"), deadline_seconds=0.2)

    assert isinstance(outcome, NotSent)


async def test_wait_for_a_free_connection_past_the_deadline_is_not_sent() -> None:
    async def stay_silent(talk: Conversation) -> None:
        await talk.hear()
        await asyncio.sleep(5)

    narrow = ProviderHttp(connections_max=1)
    async with hostile(stay_silent) as server:
        first = asyncio.create_task(narrow.exchange(order(server.url), deadline_seconds=0.5))
        await asyncio.sleep(0.1)
        second = await narrow.exchange(order(server.url), deadline_seconds=0.1)

        assert isinstance(second, NotSent)
        assert isinstance(await first, Unknown)
        assert len(server.requests) == 1
    await narrow.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "/v1/charges"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "{url}/a b"},
        {"url": "{url}/a\r\nX-Evil: 1"},
        {"url": "{url}/é"},
        {"method": "POST /x HTTP/1.1\r\nX-Evil:"},
        {"headers": {"X-Name": "a\r\nX-Evil: 1"}},
        {"headers": {"X-Name": "a\0b"}},
        {"headers": {"X-Name": "é"}},
        {"headers": {"X Name": "a"}},
        {"headers": {"": "a"}},
    ],
)
async def test_request_that_http_cannot_carry_is_not_sent(http: ProviderHttp, changes: dict[str, object]) -> None:
    async with hostile(keep) as server:
        parts: dict[str, object] = {"method": "POST", "url": server.url, "headers": {}, **changes}
        parts["url"] = str(parts["url"]).replace("{url}", server.url)

        outcome = await http.exchange(HttpRequest(**parts), deadline_seconds=1)  # type: ignore[arg-type]

    assert isinstance(outcome, NotSent)
    assert server.connections == 0


async def test_closed_client_sends_nothing() -> None:
    http = ProviderHttp()
    async with hostile(keep) as server:
        await http.exchange(order(server.url), deadline_seconds=1)
        await http.close()

        outcome = await http.exchange(order(server.url), deadline_seconds=1)

    assert isinstance(outcome, NotSent)
    assert len(server.requests) == 1
