"""Measures how fast payments go through the real API, beside what the same server answers without any work."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import aiohttp
import msgspec

from entrypoints.cli import output
from entrypoints.cli.scenario.playing import PRICES
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.supervision.ground import Ground
from entrypoints.cli.supervision.house import House, house_built
from entrypoints.cli.supervision.tenants import prove_tenant
from entrypoints.cli.trouble import FAILED

CURRENCY = "EUR"
_WARM_UP = 50
_REQUEST_SECONDS = 60.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: so many requests over so many connections, in so many rounds."""

    requests: int
    connections: int
    rounds: int


class Lap(msgspec.Struct, frozen=True, kw_only=True):
    """One round of requests: how long all of them took, and how long each."""

    seconds: float
    acknowledged: int
    milliseconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """How many were acknowledged in a second."""
        return self.acknowledged / self.seconds

    def percentile(self, percent: int) -> float:
        """Give how many milliseconds that part of them took at most."""
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[percent - 1]


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured: medians of the rounds. Times in milliseconds."""

    load: Load
    payments_per_second: float
    payments_p50: float
    payments_p99: float
    live_per_second: float
    live_p50: float
    live_p99: float
    ratio: float
    acknowledged: int
    committed: int
    holds: bool

    @property
    def is_sound(self) -> bool:
        """Whether every payment that was acknowledged is there, and the books hold."""
        return self.holds and self.committed >= self.acknowledged


async def measure(ground: Ground, load: Load) -> Benchmark:
    """Build a house and measure in it; rounds of both kinds take turns, so that both meet the same weather."""
    async with house_built(ground) as house:
        return await house.guarded(_measure(house, load))


def say(found: Benchmark, *, as_json: bool) -> int:
    """Print what was measured. Gives the exit code: 1 when a payment was lost or the books do not hold."""
    if as_json:
        output.say_json(found)
    else:
        for line in _lines(found):
            output.say(line)
    return 0 if found.is_sound else FAILED


async def _measure(house: House, load: Load) -> Benchmark:
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
    connector = aiohttp.TCPConnector(limit=load.connections)
    reference = f"bench-{uuid4()}"
    paid: list[Lap] = []
    live: list[Lap] = []
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
        shop = Shop(session, house.addresses(), CURRENCY, price=PRICES[CURRENCY])

        async def pay() -> bool:
            return (await shop.pay("tok_success", reference=reference)).status == 201  # noqa: PLR2004 -- CREATED

        async def ask_live() -> bool:
            async with session.get(f"{house.api_url}/health/live") as response:
                await response.read()
                return response.status == 200  # noqa: PLR2004 -- OK

        warm_up = await run_lap(pay, requests=_WARM_UP, connections=load.connections)
        for number in range(1, load.rounds + 1):
            with house.ground.steps.step(f"Round {number} of {load.rounds}"):
                live.append(await run_lap(ask_live, requests=load.requests, connections=load.connections))
                paid.append(await run_lap(pay, requests=load.requests, connections=load.connections))
        found = await shop.list_all(f"/v1/payments?reference={reference}&limit=100")
    acknowledged = warm_up.acknowledged + sum(lap.acknowledged for lap in paid)
    committed = sum(payment["state"] == "succeeded" for payment in found)
    return _summary(load, paid, live, acknowledged=acknowledged, committed=committed, holds=await _holds(house))


async def _holds(house: House) -> bool:
    if house.tenants.demo is None:
        raise RuntimeError("this house has no tenant for the demo")
    return (await prove_tenant(house.container, house.tenants.demo[0])).holds


async def run_lap(send: Callable[[], Awaitable[bool]], *, requests: int, connections: int) -> Lap:
    """Send so many requests, one after the other on each connection; `send` says whether its own was acknowledged."""
    left = iter(range(requests))
    milliseconds: list[float] = []
    acknowledged = 0

    async def keep_sending() -> None:
        nonlocal acknowledged
        for _ in left:
            began = time.perf_counter()
            is_acknowledged = await send()
            milliseconds.append((time.perf_counter() - began) * 1000)
            acknowledged += is_acknowledged

    began = time.perf_counter()
    await asyncio.gather(*(keep_sending() for _ in range(connections)))
    seconds = time.perf_counter() - began
    return Lap(seconds=seconds, acknowledged=acknowledged, milliseconds=tuple(milliseconds))


def _summary(
    load: Load, paid: Sequence[Lap], live: Sequence[Lap], *, acknowledged: int, committed: int, holds: bool
) -> Benchmark:
    def median(laps: Sequence[Lap], figure: Callable[[Lap], float]) -> float:
        return round(statistics.median(figure(lap) for lap in laps), 1)

    ratios = [mine.per_second / plain.per_second for mine, plain in zip(paid, live, strict=True)]
    return Benchmark(
        load=load,
        payments_per_second=median(paid, lambda lap: lap.per_second),
        payments_p50=median(paid, lambda lap: lap.percentile(50)),
        payments_p99=median(paid, lambda lap: lap.percentile(99)),
        live_per_second=median(live, lambda lap: lap.per_second),
        live_p50=median(live, lambda lap: lap.percentile(50)),
        live_p99=median(live, lambda lap: lap.percentile(99)),
        ratio=round(statistics.median(ratios), 3),
        acknowledged=acknowledged,
        committed=committed,
        holds=holds,
    )


def _lines(found: Benchmark) -> tuple[str, ...]:
    load = found.load
    paid = f"p50 {found.payments_p50} ms   p99 {found.payments_p99} ms"
    live = f"p50 {found.live_p50} ms   p99 {found.live_p99} ms"
    books = "the books hold" if found.holds else "THE BOOKS DO NOT HOLD"
    return (
        f"{load.requests} requests over {load.connections} connections; medians of {load.rounds} rounds, taking turns;",
        "the client, the API, the simulator, the worker and the stores share this machine.",
        f"POST /v1/payments  {found.payments_per_second:8.0f} /s   {paid}",
        f"GET /health/live   {found.live_per_second:8.0f} /s   {live}",
        f"ratio              {found.ratio:8.3f}",
        f"{found.acknowledged} payments acknowledged, {found.committed} committed; {books}.",
    )
