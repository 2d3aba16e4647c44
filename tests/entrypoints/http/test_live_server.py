"""The server as it runs: bytes that are no request of ours, callers who never finish, and a stop in mid-work."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.entrypoints.http.live import LiveApi
from tests.entrypoints.http.service import Service, serving, settings_for
from tests.entrypoints.http.shop import Shop, new_key, new_payment
from tests.entrypoints.simulator.merchant import Merchant
from tests.fakes.stores import Database


@pytest.fixture(scope="module")
async def live(
    database: Database,
    sandbox: Merchant,
    tmp_path_factory: pytest.TempPathFactory,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[tuple[LiveApi, Service]]:
    settings = settings_for(database, sandbox_url=sandbox.url)
    api = LiveApi(settings, port=unused_tcp_port_factory(), log=tmp_path_factory.mktemp("live") / "api.log")
    try:
        async with serving(settings) as service:
            yield await api.wait_ready(), service
    finally:
        await api.close()


@pytest.fixture
async def live_shop(live: tuple[LiveApi, Service]) -> Shop:
    api, service = live
    return await service.open_shop(api)


async def said(api: LiveApi, raw: bytes, *, seconds: float = 2.0) -> bytes:
    """Send bytes on a connection of their own, and give all that comes back until the server closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    got = bytearray()
    try:
        writer.write(raw)
        await writer.drain()
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                got += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return bytes(got)


def request(
    body: bytes = b"",
    *headers: bytes,
    line: bytes = b"POST /v1/payments HTTP/1.1",
    key: str = "nobody",
    end: bytes = b"\r\n",
) -> bytes:
    own = (b"Host: 127.0.0.1", f"Authorization: Bearer {key}".encode(), b"Connection: close", *headers)
    return end.join((line, *own, b"", b"")) + body


def payment(**changes: Any) -> bytes:
    return msgspec.json.encode(new_payment(**changes))


SMUGGLED = payment(reference="smuggled")
LENGTH = b"Content-Length: %d" % len(SMUGGLED)
JSON = b"Content-Type: application/json"
STRANGE = {
    "two lengths": (SMUGGLED, JSON, LENGTH, b"Content-Length: 1"),
    "a length and chunks": (b"0\r\n\r\n" + SMUGGLED, JSON, LENGTH, b"Transfer-Encoding: chunked"),
    "chunks behind a space": (SMUGGLED, JSON, LENGTH, b"Transfer-Encoding : chunked"),
    "an unknown coding": (SMUGGLED, JSON, b"Transfer-Encoding: xchunked", LENGTH),
    "chunks twice": (SMUGGLED, JSON, b"Transfer-Encoding: chunked, chunked"),
    "a negative length": (SMUGGLED, JSON, b"Content-Length: -1"),
    "a length with a plus": (SMUGGLED, JSON, b"Content-Length: +%d" % len(SMUGGLED)),
    "a length that is none": (SMUGGLED, JSON, b"Content-Length: 1x"),
    "a chunk of no size": (b"z\r\nx\r\n0\r\n\r\n", JSON, b"Transfer-Encoding: chunked"),
    "a folded header": (SMUGGLED, JSON, LENGTH, b"X-Folded: a\r\n b"),
    "a NUL in a header": (SMUGGLED, JSON, LENGTH, b"X-Odd: a\x00b"),
    "a header without a name": (SMUGGLED, JSON, LENGTH, b": a"),
    "a header with a space in its name": (SMUGGLED, JSON, LENGTH, b"X Odd: a"),
    "a key with a NUL": (SMUGGLED, JSON, LENGTH, b"Idempotency-Key: a\x00b"),
    "10,000 headers": (SMUGGLED, JSON, LENGTH, *(b"X-%d: 1" % number for number in range(10_000))),
    "a header of 200 KB": (SMUGGLED, JSON, LENGTH, b"X-Long: " + b"x" * 200_000),
}


@pytest.mark.parametrize("case", STRANGE)
async def test_a_request_that_two_servers_could_read_differently_is_refused(
    live: tuple[LiveApi, Service], live_shop: Shop, case: str
) -> None:
    body, *headers = STRANGE[case]
    key = f"Idempotency-Key: {new_key()}".encode()
    keys = [] if any(header.startswith(b"Idempotency-Key") for header in headers) else [key]

    answer = await said(live[0], request(body, *headers, *keys, key=live_shop.api_key))

    assert answer[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 431", b""}, answer[:300]
    assert await live_shop.all("/v1/payments") == []


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"GET", b"GET /", b"GET / HTTP/9.9", b"GET  /v1/payments  HTTP/1.1", b"get /v1/payments HTTP/1.1"),
        *(b"\x16\x03\x01\x02\x00\x01\x00\x01", b"PRI * HTTP/2.0", b"GET /v1/\x00payments HTTP/1.1"),
        *(
            b"GET /v1/payments?a=\xff HTTP/1.1",
            b"GET http://evil.example/v1/payments HTTP/1.1",
            b"CONNECT a:443 HTTP/1.1",
        ),
        *(b"OPTIONS * HTTP/1.1", b"TRACE / HTTP/1.1", b"GET /" + b"x" * 100_000 + b" HTTP/1.1", b"\x00" * 1_000),
    ],
)
async def test_a_first_line_that_is_odd_does_no_harm(live: tuple[LiveApi, Service], line: bytes) -> None:
    answer = await said(live[0], request(line=line), seconds=1)

    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert (await live[0]("GET", "/health/live", b"", [])).status == 200


async def test_two_requests_on_one_connection_are_answered_in_their_order(
    live: tuple[LiveApi, Service], live_shop: Shop
) -> None:
    one, two = payment(reference="one"), payment(reference="two")
    raw = b"".join(
        request(
            body,
            JSON,
            b"Content-Length: %d" % len(body),
            f"Idempotency-Key: {new_key()}".encode(),
            key=live_shop.api_key,
        )
        for body in (one, two)
    ).replace(b"Connection: close\r\n", b"", 1)

    answer = await said(live[0], raw)

    assert answer.count(b"HTTP/1.1 201") == 2
    assert answer.index(b'"reference":"one"') < answer.index(b'"reference":"two"')


async def test_a_body_in_chunks_is_read(live: tuple[LiveApi, Service], live_shop: Shop) -> None:
    body = payment(reference="chunked")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    headers = (JSON, b"Transfer-Encoding: chunked", f"Idempotency-Key: {new_key()}".encode())

    answer = await said(live[0], request(chunks, *headers, key=live_shop.api_key))

    assert answer.startswith(b"HTTP/1.1 201")
    assert [one["reference"] for one in await live_shop.all("/v1/payments")] == ["chunked"]


async def test_an_upgrade_is_no_way_around_the_door(live: tuple[LiveApi, Service], live_shop: Shop) -> None:
    for wanted in (b"websocket", b"h2c"):
        headers = (
            *(b"Upgrade: " + wanted, b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        )
        raw = request(b"", *headers, line=b"GET /v1/payments HTTP/1.1").replace(
            b"Connection: close", b"Connection: Upgrade"
        )

        answer = await said(live[0], raw, seconds=1)

        assert answer[:12] in {b"HTTP/1.1 401", b"HTTP/1.1 403", b"HTTP/1.1 404", b"HTTP/1.1 400"}, answer[:300]
    assert (await live_shop.get("/v1/payments")).status == 200


async def test_callers_who_never_finish_do_not_keep_others_waiting(
    live: tuple[LiveApi, Service], live_shop: Shop
) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", live[0].port) for _ in range(200)]
    for _, writer in idle:
        writer.write(request(b'{"amo', JSON, b"Content-Length: 100"))
        await writer.drain()

    began = time.monotonic()
    answers = await asyncio.gather(*(live_shop.pay() for _ in range(5)))
    took = time.monotonic() - began

    for _, writer in idle:
        writer.close()
    assert [answer.status for answer in answers] == [201] * 5
    assert took < 5


async def test_nothing_of_all_that_was_a_fault_of_ours(live: tuple[LiveApi, Service], live_shop: Shop) -> None:
    await live_shop.get("/v1/payments")

    lines = live[0].log.read_bytes().splitlines()
    assert lines
    assert [line for line in lines if b'"status":5' in line or b"Traceback" in line] == []
    assert all(msgspec.json.decode(line) for line in lines)


async def test_a_stop_answers_what_is_under_way_and_then_ends(
    database: Database, sandbox: Merchant, tmp_path: Path, unused_tcp_port: int
) -> None:
    settings = settings_for(database, sandbox_url=sandbox.url)
    async with serving(settings) as service:
        api = await LiveApi(settings, port=unused_tcp_port, log=tmp_path / "api.log").wait_ready()
        try:
            shop, key = await service.open_shop(api), new_key()
            flying = [asyncio.create_task(shop.pay("tok_timeout", key=key))]
            while not (await sandbox.get(f"/v1/books?account={shop.account}")).json["lines"]:
                await asyncio.sleep(0.01)

            began = time.monotonic()
            api.process.send_signal(signal.SIGTERM)
            (answer,) = await asyncio.gather(*flying)
            status = await asyncio.to_thread(api.process.wait, 10)
            took = time.monotonic() - began
        finally:
            await api.close()

    assert (answer.status, answer.json()["money_state"]) == (202, "unknown")
    assert took < 5
    assert status in {0, -signal.SIGTERM}
