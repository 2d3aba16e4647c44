"""When the database is away or busy, callers are told the truth and no money is lost, taken twice or lied about."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import pytest
from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.lanes import dispose, lanes_of
from domain.errors import MediatorError
from domain.providers import Instruction, OperationKind
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.routes import operations
from tests.entrypoints.http.service import Service, TheseProviders, expire_leases, serving, settings_for
from tests.entrypoints.http.shop import InProcess, Shop, new_key
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database, at

NAMES = {
    "provider": "sandbox",
    "account_id": f"pac_{'0' * 32}",
    "provider_account_id": f"pac_{'0' * 32}",
    "name": "sandbox",
    **{
        f"{name}_id": f"any_{'0' * 32}"
        for name in ("payment", "payout", "beneficiary", "callback", "transfer", "hold", "limit", "monitor", "quote")
    },
}


class OneConnection(Provider):
    """Gives each container of the service a pool of one connection, which the test can keep for itself."""

    scope = Scope.APP

    def __init__(self, url: str) -> None:
        super().__init__()
        self.made: list[AsyncEngine] = []
        self._url = url

    @provide(override=True)
    async def engine(self) -> AsyncIterator[AsyncEngine]:
        engine = make_engine(self._url, pool=PoolSize(1, 0), application="one connection", acquire_seconds=0.5)
        self.made.append(engine)
        yield engine
        await dispose(engine)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        assert self.made
        async with AsyncExitStack() as all_kept:
            for engine in self.made:
                await lanes_of(engine).rest()
                await all_kept.enter_async_context(engine.connect())
            yield


async def test_without_a_database_every_route_that_needs_it_says_503_and_when_to_ask_again(visitor: Shop) -> None:
    told = await operations(visitor)
    away = "postgresql://nobody@127.0.0.1:1/nowhere"
    async with serving(settings_for(Database(name="nowhere", owner_url=away, application_url=away))) as service:
        shop = Shop(InProcess(service.app), visitor.tenant_id, visitor.api_key, visitor.account)

        for operation in (one for one in told if not one.is_public):
            target = operation.filled(NAMES)
            credential = ("authorization", f"Bearer {shop.api_key}")
            answer = await shop.line(operation.method, target, b"", [credential])

            assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE"), (operation, answer)
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["retryable"] is True
        alive, ready = await shop.get("/health/live"), await shop.get("/health/ready")
        page, problems = await shop.get("/api/docs"), await shop.get("/problems")

    assert [one.status for one in (alive, ready, page, problems)] == [200, 503, 200, 200]
    assert ready.code == "SERVICE_UNAVAILABLE"
    assert "nobody" not in ready.body.decode()


@pytest.fixture
async def narrow(database: Database, provider: ScriptedProvider) -> AsyncIterator[tuple[Service, OneConnection]]:
    connection = OneConnection(database.application_url)
    async with serving(settings_for(database), TheseProviders(ProviderSet(provider)), connection) as service:
        yield service, connection


async def test_when_all_connections_are_busy_callers_are_told_to_come_back(
    narrow: tuple[Service, OneConnection], provider: ScriptedProvider
) -> None:
    service, connection = narrow
    shop = await service.open_shop()
    await shop.get("/health/ready")

    async with connection.kept():
        answer = await shop.pay()
    again = await shop.pay()

    assert (answer.status, answer.code) == (503, "BACKPRESSURE")
    assert (answer.headers["retry-after"], answer.json()["money_state"]) == ("1", "none")
    assert again.status == 201
    assert len(provider.performed) == 1


async def test_when_the_database_is_busy_after_the_provider_has_the_money_nobody_is_told_that_none_moved(
    narrow: tuple[Service, OneConnection], provider: ScriptedProvider, owner_url: str
) -> None:
    service, connection = narrow
    shop, key, kept = await service.open_shop(), new_key(), connection.kept()

    async def occupy(_: Instruction) -> None:
        provider.before_perform = None
        await kept.__aenter__()

    provider.before_perform = occupy
    answer = await shop.pay(key=key)
    await kept.__aexit__(None, None, None)

    assert answer.status == 503
    assert provider.effects(OperationKind.AUTHORIZE) == 1
    assert answer.json()["money_state"] == "unknown"
    assert answer.json()["retryable"] is True
    await _assert_settles_with_the_same_key(service, shop, key, owner_url, provider)


@pytest.fixture
async def fragile(fresh_database: Database, provider: ScriptedProvider) -> AsyncIterator[Service]:
    """A service over a database of its own, whose connections may be killed."""
    async with serving(settings_for(fresh_database), TheseProviders(ProviderSet(provider))) as service:
        yield service


async def test_when_every_connection_dies_after_the_provider_has_the_money_the_same_key_settles_it(
    fragile: Service, fresh_database: Database, provider: ScriptedProvider
) -> None:
    shop, key = await fragile.open_shop(), new_key()

    async def kill(_: Instruction) -> None:
        provider.before_perform = None
        await _kill_connections(fresh_database)

    provider.before_perform = kill
    answer = await shop.pay(key=key)

    assert answer.status in {201, 503}
    assert answer.json()["money_state"] in {"moved", "unknown"}
    assert provider.effects(OperationKind.AUTHORIZE) == 1
    with suppress(MediatorError):  # the worker's connections died too, which it has to notice
        await fragile.prove(shop.tenant_id)
    await _assert_settles_with_the_same_key(fragile, shop, key, fresh_database.owner_url, provider)


async def test_after_every_connection_died_the_service_recovers_by_itself(
    fragile: Service, fresh_database: Database
) -> None:
    shop = await fragile.open_shop()
    await shop.paid()
    await _kill_connections(fresh_database)

    answers = [await shop.get("/v1/payments") for _ in range(3)]

    assert answers[0].status in {200, 503}
    assert [answer.status for answer in answers[1:]] == [200, 200]


async def _assert_settles_with_the_same_key(
    service: Service, shop: Shop, key: str, owner_url: str, provider: ScriptedProvider
) -> None:
    await expire_leases(owner_url, shop)
    settled: Answer = await shop.pay(key=key)
    replayed = await shop.pay(key=key)

    assert (settled.status, settled.json()["state"]) == (201, "succeeded")
    assert replayed.body == settled.body
    assert provider.effects(OperationKind.AUTHORIZE) == 1
    assert len(await shop.all("/v1/payments")) == 1
    assert (await service.prove(shop.tenant_id)).holds


async def _kill_connections(database: Database) -> None:
    connection = await asyncpg.connect(at(database.owner_url, "postgres"))
    sql = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'mediator_app'"
    await connection.execute(sql, database.name)
    await connection.close()
