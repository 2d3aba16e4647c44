"""A merchant for tests: speaks to the gateway over real HTTP, and takes callbacks on a server of its own."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

API_KEY = "sk_test_merchant"
CALLBACK_SECRET = "whsec_test_merchant"

_keys = itertools.count()


class Answer(msgspec.Struct, frozen=True):
    status: int
    raw: bytes
    replayed: bool

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)


class Merchant:
    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Answer:
        return await self.post_raw(path, msgspec.json.encode({} if body is None else body), key=key or new_key())

    async def post_raw(self, path: str, raw: bytes, *, key: str) -> Answer:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        async with self.session.post(self.url + path, data=raw, headers=headers) as response:
            replayed = response.headers.get("Idempotent-Replayed") == "true"
            return Answer(response.status, await response.read(), replayed)

    async def get(self, path: str) -> Answer:
        async with self.session.get(self.url + path) as response:
            return Answer(response.status, await response.read(), replayed=False)

    async def charge(self, source: str = "tok_success", *, key: str | None = None, **changes: object) -> Answer:
        return await self.post("/v1/charges", new_charge(source, **changes), key=key)

    async def charged(self, source: str = "tok_success", *, key: str | None = None, **changes: object) -> Any:
        answer = await self.charge(source, key=key, **changes)
        assert answer.status == 201, answer
        return answer.json

    async def seen(self, path: str, body: object, key: str) -> str:
        """Tell in one word what became of a request that may get no answer."""
        try:
            async with asyncio.timeout(0.7):
                answer = await self.post(path, body, key=key)
        except TimeoutError:
            return "silence"
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            return "cut"
        try:
            return f"{answer.status} {answer.json['error']['code'] if 'error' in answer.json else 'ok'}"
        except (msgspec.DecodeError, UnicodeDecodeError):
            return f"{answer.status} garbage"

    async def operation(self, key: str) -> Answer:
        return await self.get(f"/v1/operations/{key}")

    async def is_in(self, state: str, key: str) -> bool:
        """Tell whether the operation of that key is in that state; an unknown key is in none."""
        return bool((await self.operation(key)).json.get("state") == state)


class Callback(msgspec.Struct, frozen=True):
    raw: bytes
    signature: str | None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)


class Receiver:
    """Takes callbacks; `statuses` are given in turn, then 204 for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[Callback] = []
        self.statuses: list[int] = []
        self.silent = False

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append(Callback(await request.read(), request.headers.get("Sandbox-Signature")))
        if self.silent:
            await asyncio.sleep(60)
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(status=status, headers={"Location": f"{self.url}/elsewhere"} if status == 302 else {})

    async def wait_for(self, count: int) -> list[Callback]:
        await eventually(lambda: len(self.taken) >= count)
        return self.taken


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks"
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def merchant_of(url: str) -> AsyncIterator[Merchant]:
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_KEY}"}, timeout=timeout) as session:
        yield Merchant(url, session)


def new_charge(source: str = "tok_success", **changes: object) -> dict[str, object]:
    standard = {"account": "acct_1", "payment": "pay_1", "amount": 1000, "currency": "EUR", "capture": False}
    return {**standard, "source": source, **changes}


def new_key() -> str:
    return f"key-{next(_keys)}"


async def eventually(holds: Callable[[], bool | Awaitable[bool]], *, within_seconds: float = 10) -> None:
    """Wait until something holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within_seconds):
        while not (held if isinstance(held := holds(), bool) else await held):
            await asyncio.sleep(0.005)  # a poll with a deadline: what is waited for happens in another process
