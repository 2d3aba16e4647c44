"""The API is killed with requests in flight: whoever repeats with the same key gets one effect and one answer."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
from dishka import AsyncContainer, Provider, Scope, provide

from adapters.system import SystemWorld
from application.ledger.prove import ProveHandler
from application.payments.resolve_operation import ResolveOperation, ResolveOperationHandler
from application.ports.world import World
from domain.ids import OperationId
from domain.moment import Moment
from domain.providers import Instruction, OperationKind
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.live import LiveApi
from tests.entrypoints.http.service import Service, expire_leases, serving, settings_for, system_call
from tests.entrypoints.http.shop import Shop, new_key, new_payment
from tests.entrypoints.simulator.merchant import Merchant
from tests.fakes.providers import Reply, ScriptedProvider
from tests.fakes.stores import Database

KILLS = 3
TOKENS = (
    *("tok_success", "tok_success", "tok_success", "tok_cut", "tok_drop", "tok_garbage"),
    *("tok_error_after", "tok_error_before", "tok_declined", "tok_declined_hard", "tok_wrong_amount"),
)
REPLAYED = "idempotency-replayed"

StartApi = Callable[[], Awaitable[LiveApi]]


class Asked(msgspec.Struct, frozen=True):
    """A request that will be repeated until it has an answer, exactly as it was."""

    path: str
    raw: bytes
    key: str

    async def of(self, shop: Shop) -> Answer:
        return await shop.post_raw(self.path, self.raw, key=self.key)


@pytest.fixture
async def start_api(
    fresh_database: Database, sandbox: Merchant, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[StartApi]:
    """Start servers over a database of this test alone; all of them are gone afterwards."""
    settings = settings_for(fresh_database, sandbox_url=sandbox.url)
    started: list[LiveApi] = []

    async def start() -> LiveApi:
        started.append(LiveApi(settings, port=unused_tcp_port_factory(), log=tmp_path / f"api-{len(started)}.log"))
        return await started[-1].wait_ready()

    yield start
    for api in started:
        await api.close()


@pytest.mark.parametrize("seed", range(7))
async def test_after_a_kill_every_key_has_one_payment_one_charge_and_one_answer(
    start_api: StartApi, fresh_database: Database, sandbox: Merchant, seed: int
) -> None:
    settings, chance = settings_for(fresh_database, sandbox_url=sandbox.url), random.Random(seed)  # noqa: S311 -- when to kill is no secret
    asked: list[Asked] = []
    async with serving(settings) as service:
        api = await start_api()
        shop = await service.open_shop(api)
        # So many lost answers would open the account's circuit, and then nothing more would be sent to be killed at.
        await shop.put(f"/v1/provider-accounts/{shop.account}/breaker", {"setting": "closed"})
        for kill in range(KILLS):
            flying, successor = await asyncio.gather(_requests(shop, with_timeout=kill == 0), start_api())
            begun = chance.randint(1, len(flying))
            cut_off = await _killed_in_flight(shop, api, flying, when=begun, database=fresh_database)
            shop.line = api = successor
            await expire_leases(fresh_database.owner_url, shop)
            await _assert_repeating_gives_one_answer(shop, flying, cut_off)
            asked += flying

        await _settle_everything(settings, fresh_database, shop)

        await _assert_one_payment_for_each(shop, asked)
        await _assert_one_charge_for_each_payment(shop, sandbox)
        report = await (await service.worker.get(ProveHandler))()
        assert report.holds, [result for result in report.results if result.faults]


async def _requests(shop: Shop, *, with_timeout: bool) -> list[Asked]:
    """Prepare one request of each kind, against payments that stand ready for it; one that times out takes 2 s."""
    ready = await asyncio.gather(
        *(shop.paid(token, capture_mode="manual") for token in ("tok_success", "tok_capture_cut", "tok_void_cut")),
        *(shop.paid(token) for token in ("tok_success", "tok_refund_cut")),
    )
    paths = [f"/v1/payments/{one['id']}" for one in ready]
    actions = [("capture", 0), ("capture", 1), ("cancel", 2), ("refunds", 3), ("refunds", 4)]
    flying = [Asked(f"{paths[number]}/{action}", b"{}", new_key()) for action, number in actions]
    for token in (*TOKENS, "tok_timeout") if with_timeout else TOKENS:
        key = new_key()
        flying.append(Asked("/v1/payments", msgspec.json.encode(new_payment(token, reference=key)), key))
    return flying


async def _killed_in_flight(
    shop: Shop, api: LiveApi, flying: list[Asked], *, database: Database, when: int
) -> list[Answer | None]:
    """Send everything at once, kill the server when so many have begun, and give the answers that came before that."""
    sent = [asyncio.create_task(one.of(shop)) for one in flying]
    await _wait_until_begun(database, shop, [one.key for one in flying], when)
    api.kill()
    came = await asyncio.gather(*sent, return_exceptions=True)
    for one in came:
        assert isinstance(one, Answer | aiohttp.ClientError), one
    return [one if isinstance(one, Answer) else None for one in came]


async def _wait_until_begun(database: Database, shop: Shop, keys: list[str], count: int) -> None:
    """Wait until so many of these keys are claimed in the database, whether they have an answer yet or not."""
    connection = await asyncpg.connect(database.owner_url)
    sql = "select count(*) from fm.idempotency_records where tenant_id = $1 and key = any ($2)"
    async with asyncio.timeout(10):
        while await connection.fetchval(sql, shop.tenant_id, keys) < count:
            pass
    await connection.close()


async def _assert_repeating_gives_one_answer(shop: Shop, flying: list[Asked], before: list[Answer | None]) -> None:
    repeated = await asyncio.gather(*(one.of(shop) for one in flying))
    again = await asyncio.gather(*(one.of(shop) for one in flying))

    for first, second, third in zip(before, repeated, again, strict=True):
        assert second.status in {200, 201, 202, 402, 422}, second
        assert (third.status, third.body, third.headers.get(REPLAYED)) == (second.status, second.body, "true")
        if first is not None:
            assert (second.status, second.body, second.headers.get(REPLAYED)) == (first.status, first.body, "true")


async def _assert_one_payment_for_each(shop: Shop, asked: list[Asked]) -> None:
    made = Counter(one["reference"] for one in await shop.all("/v1/payments", limit=100) if one["reference"])

    assert made == dict.fromkeys((one.key for one in asked if one.path == "/v1/payments"), 1)


async def _assert_one_charge_for_each_payment(shop: Shop, sandbox: Merchant) -> None:
    lines = (await sandbox.get(f"/v1/books?account={shop.account}&limit=500")).json["lines"]
    charges = Counter(line["payment"] for line in lines)

    assert set(charges.values()) == {1}
    for payment in await shop.all("/v1/payments", limit=100):
        if payment["state"] in {"succeeded", "authorized", "cancelled"}:
            assert charges[payment["id"]] == 1


class LaterWorld(SystemWorld):
    """A clock that is ahead: every deadline and every horizon of what was just sent has passed."""

    def moment(self) -> Moment:
        return Moment(super().moment().now + timedelta(seconds=20), super().moment().new_id)


class Later(Provider):
    scope = Scope.APP
    world = provide(LaterWorld, provides=World, override=True)


async def _settle_everything(settings: Settings, database: Database, shop: Shop) -> None:
    """Ask about everything that is open, as the worker does when it is due."""
    async with _container(settings) as worker:
        handler = await worker.get(ResolveOperationHandler)
        for operation in await _open_operations(database, shop):
            await handler(ResolveOperation(operation), system_call(shop.tenant_id))
    assert await _open_operations(database, shop) == []


@asynccontextmanager
async def _container(settings: Settings) -> AsyncIterator[AsyncContainer]:
    container = make_container(settings, Later())
    yield container
    await container.close()


async def _open_operations(database: Database, shop: Shop) -> list[OperationId]:
    sql = "select id from fm.provider_operations where tenant_id = $1 and state = any ($2) order by id"
    rows = await _fetch(database, sql, shop.tenant_id, ["sending", "unknown", "accepted_pending"])
    return [OperationId(row[0]) for row in rows]


async def _fetch(database: Database, sql: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        return list(await connection.fetch(sql, *values))
    finally:
        await connection.close()


async def test_a_key_whose_request_died_waits_for_its_lease_and_then_finds_out(
    start_api: StartApi, fresh_database: Database, sandbox: Merchant
) -> None:
    settings, key = settings_for(fresh_database, sandbox_url=sandbox.url), new_key()
    async with serving(settings) as service:
        api, successor = await asyncio.gather(start_api(), start_api())
        shop = await service.open_shop(api)
        sent = asyncio.create_task(shop.pay("tok_timeout", key=key))
        while not (await sandbox.get(f"/v1/books?account={shop.account}")).json["lines"]:
            await asyncio.sleep(0.01)
        api.kill()
        with pytest.raises(aiohttp.ClientError):
            await sent
        shop.line = successor

        early = await shop.pay("tok_timeout", key=key)
        await expire_leases(fresh_database.owner_url, shop)
        found, again = [await shop.pay("tok_timeout", key=key) for _ in range(2)]

        assert (early.status, early.code, early.json()["money_state"]) == (409, "IDEM_IN_FLIGHT", "unknown")
        assert 1 <= int(early.headers["retry-after"]) <= 5
        assert (found.status, found.json()["state"]) == (201, "succeeded")
        assert again.body == found.body
        assert len((await sandbox.get(f"/v1/books?account={shop.account}")).json["lines"]) == 1
        assert (await service.prove(shop.tenant_id)).holds


class ProcessDied(BaseException):
    """Nothing catches this, as nothing catches SIGKILL."""


@pytest.mark.parametrize(
    "kind", [OperationKind.AUTHORIZE, OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND]
)
@pytest.mark.parametrize("arrived", [False, True])
async def test_a_process_that_dies_before_or_after_its_call_leaves_nothing_undone(
    scripted: Service,
    scripted_shop: Shop,
    provider: ScriptedProvider,
    database: Database,
    kind: OperationKind,
    *,
    arrived: bool,
) -> None:
    mode = "automatic" if kind is OperationKind.REFUND else "manual"
    path, body = "/v1/payments", new_payment(capture_mode=mode)
    if kind is not OperationKind.AUTHORIZE:
        payment_id = (await scripted_shop.paid(capture_mode=mode))["id"]
        ends = {OperationKind.CAPTURE: "capture", OperationKind.VOID: "cancel", OperationKind.REFUND: "refunds"}
        path, body = f"/v1/payments/{payment_id}/{ends[kind]}", {}
    asked = Asked(path, msgspec.json.encode(body), new_key())

    async def die(_: Instruction) -> None:
        provider.before_perform = None
        raise ProcessDied

    if arrived:
        provider.script(kind, Reply(failure=ProcessDied))
    else:
        provider.before_perform = die
    with pytest.raises(ProcessDied):
        await asked.of(scripted_shop)
    await expire_leases(database.owner_url, scripted_shop)
    first, again = [await asked.of(scripted_shop) for _ in range(2)]

    assert first.status == (
        (201 if kind in {OperationKind.AUTHORIZE, OperationKind.REFUND} else 200) if arrived else 202
    )
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    assert provider.effects(kind) == (1 if arrived else 0)
    assert (await scripted.prove(scripted_shop.tenant_id, with_providers=arrived)).holds
