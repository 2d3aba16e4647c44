"""What is fetched is bounded in size and time, comes from where the settings say and from nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from adapters.fx.fetching import BoundedFetch
from application.ports.fx import RatesUnreachable

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answering: Answering) -> AsyncIterator[str]:
    """Serve one answer on a free port."""
    application = web.Application()
    application.router.add_get("/rates", answering)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/rates"
    finally:
        await runner.cleanup()


async def hundred_bytes(request: web.Request) -> web.StreamResponse:
    return web.Response(body=bytes(100))


async def test_a_file_is_read_up_to_the_bound(tmp_path: Path) -> None:
    place = tmp_path / "rates"
    place.write_bytes(bytes(100))

    assert await BoundedFetch(bytes_max=100)(str(place)) == bytes(100)
    with pytest.raises(RatesUnreachable, match="longer than 99"):
        await BoundedFetch(bytes_max=99)(str(place))


async def test_a_missing_file_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(RatesUnreachable, match="FileNotFoundError"):
        await BoundedFetch()(str(tmp_path / "nothing"))


async def test_an_address_is_read_up_to_the_bound() -> None:
    async with served(hundred_bytes) as address:
        assert await BoundedFetch(bytes_max=100)(address) == bytes(100)
        with pytest.raises(RatesUnreachable, match="longer than 99"):
            await BoundedFetch(bytes_max=99)(address)


async def test_an_answer_that_does_not_come_in_time_is_unreachable() -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with served(never) as address:
        with pytest.raises(RatesUnreachable, match="TimeoutError"):
            await BoundedFetch(deadline_seconds=0.2)(address)


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_only_an_answer_with_rates_counts_and_nobody_is_sent_elsewhere(status: int) -> None:
    async def other(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    async with served(other) as address:
        with pytest.raises(RatesUnreachable, match=f"HTTP {status}"):
            await BoundedFetch()(address)


async def test_an_address_that_failed_is_left_alone_for_a_while() -> None:
    asked: list[str] = []

    async def fails(request: web.Request) -> web.StreamResponse:
        asked.append(request.query_string)
        return web.Response(status=500)

    async with served(fails) as address:
        fetch = BoundedFetch(pause_seconds=60)
        for page in (1, 2):
            with pytest.raises(RatesUnreachable):
                await fetch(f"{address}?page={page}")
        assert asked == ["page=1"]

        eager = BoundedFetch(pause_seconds=0)
        for page in (3, 4):
            with pytest.raises(RatesUnreachable, match="HTTP 500"):
                await eager(f"{address}?page={page}")
        assert asked == ["page=1", "page=3", "page=4"]


async def test_nobody_at_the_address_is_unreachable() -> None:
    with pytest.raises(RatesUnreachable, match="ClientConnectorError"):
        await BoundedFetch()("http://127.0.0.1:1/")
