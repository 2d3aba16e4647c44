"""A shop whose API answers what a test wants."""

from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from aiohttp import web

from entrypoints.cli.scenario.shop import Addresses, Shop


class Script:
    """What the API answers, one request after the other, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.asked: list[tuple[str, str, str | None, bytes]] = []

    def answer(self, status: int, body: object, **headers: str) -> None:
        """Answer the next request so."""
        raw = msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(web.Response(status=status, body=raw, headers=named, content_type="application/json"))

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as the script says; 500 when it says nothing more."""
        key = request.headers.get("Idempotency-Key")
        self.asked.append((request.method, str(request.rel_url), key, await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=500, body=b"{}")


@pytest.fixture
def script() -> Script:
    """What the API of this test answers."""
    return Script()


@pytest.fixture
async def shop(script: Script) -> AsyncIterator[Shop]:
    """A shop in euros before that API."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    addresses = Addresses(api_url=url, api_key="key", simulator_url=url, simulator_key="key", simulator_secret="secret")
    async with aiohttp.ClientSession() as session:
        yield Shop(session, addresses, "EUR", price=1999)
    await runner.cleanup()
