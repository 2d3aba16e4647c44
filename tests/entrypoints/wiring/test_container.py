"""The container: whole from the start, one of each for the process, closed with what it opened."""

import pytest
from dishka import Provider, Scope, provide
from dishka.exceptions import GraphMissingFactoryError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from uuid_utils.compat import uuid7

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.messages import HttpRequest
from application.ports.addresses import CallbackAddress
from application.ports.answers import Answers
from application.ports.identity import ApiKeys
from application.ports.journal import Journal
from application.ports.world import World
from domain.providers import NotSent
from entrypoints.settings import Settings
from entrypoints.wiring.answers import NoAnswers
from entrypoints.wiring.container import make_container
from tests.fakes.stores import Database

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
SECRET = "a secret of the tests, known to everybody"


class Unheard:
    """Nobody provides this."""


class Incomplete(Provider):
    scope = Scope.APP

    @provide
    def thing(self, missing: Unheard) -> str:
        return str(missing)


def settings(**changes: object) -> Settings:
    return Settings(**({"secret_key": SECRET, "database_url": NOWHERE} | changes))  # type: ignore[arg-type]  # by name


def test_a_dependency_that_nobody_provides_is_found_before_anything_starts() -> None:
    with pytest.raises(GraphMissingFactoryError, match="Unheard"):
        make_container(settings(), Incomplete())


@pytest.mark.parametrize("port", [Journal, World, ApiKeys, AsyncEngine, ProviderHttp])
async def test_there_is_one_of_each_for_the_process(port: type[object]) -> None:
    container = make_container(settings())
    try:
        assert await container.get(port) is await container.get(port)
    finally:
        await container.close()


@pytest.mark.parametrize("size", [1, 2, 9, 200])
async def test_the_pool_never_holds_more_connections_than_the_settings_allow(size: int) -> None:
    container = make_container(settings(database_pool_size=size))
    pool = (await container.get(AsyncEngine)).pool
    await container.close()

    assert isinstance(pool, QueuePool)
    assert pool.size() + pool._max_overflow == size


@pytest.mark.parametrize("with_owner", [True, False])
async def test_the_application_never_works_as_the_owner_of_the_schema(database: Database, *, with_owner: bool) -> None:
    url, owner = (database.application_url, database.owner_url) if with_owner else (database.owner_url, "")
    container = make_container(settings(database_url=url, database_owner_url=owner))
    try:
        async with (await container.get(AsyncEngine)).connect() as connection:
            (name,) = (await connection.execute(text("select current_user"))).one()
    finally:
        await container.close()

    assert name == "mediator_app"


async def test_what_was_opened_is_closed_with_the_container() -> None:
    container = make_container(settings())
    http = await container.get(ProviderHttp)
    await container.close()

    answer = await http.exchange(HttpRequest(method="GET", url="http://127.0.0.1:1/", headers={}), deadline_seconds=1)

    assert answer == NotSent("the HTTP client is closed")


async def test_behind_no_door_there_is_nobody_to_answer_to() -> None:
    container = make_container(settings())
    try:
        assert isinstance(await container.get(Answers), NoAnswers)
    finally:
        await container.close()


@pytest.mark.parametrize("url", ["https://pay.example.com", "http://127.0.0.1:8000"])
async def test_providers_are_told_our_public_address(url: str) -> None:
    container = make_container(settings(public_url=url))
    address = await container.get(CallbackAddress)
    await container.close()

    account = uuid7()
    assert address.of("sandbox", account) == f"{url}/v1/callbacks/sandbox/pac_{account.hex}"


async def test_keys_are_checked_with_the_secret_of_the_settings() -> None:
    one, other = make_container(settings()), make_container(settings(secret_key=SECRET[::-1]))
    key, _, digest = (await one.get(ApiKeys)).mint()

    assert (await one.get(ApiKeys)).matches(key, digest)
    assert not (await other.get(ApiKeys)).matches(key, digest)
    await one.close()
    await other.close()
