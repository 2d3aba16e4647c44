"""`mediator up` with stores that the settings name: it uses them, starts none, and leaves them running."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import make_url

from entrypoints.cli.scenario.playing import shops_of
from tests.fakes.stores import Database, run
from tests.journeys.households import Start, addresses_of

SECRET = "a-secret-of-more-than-32-characters"


@pytest.fixture
async def login(empty_database: Database) -> AsyncIterator[str]:
    """The address of the database for a login that owns nothing and may nothing yet."""
    name, password = f"login_{secrets.token_hex(4)}", secrets.token_hex(16)
    await run(empty_database.owner_url, f"create role {name} login password '{password}'")
    url = make_url(empty_database.owner_url).set(username=name, password=password)
    yield url.render_as_string(hide_password=False)
    await run(empty_database.owner_url, f"drop role {name}")


@pytest.mark.parametrize("logins", ["a new one", "the owner's for both"])
async def test_given_stores_are_used_and_left_running(
    start_up: Start, logins: str, empty_database: Database, login: str, redis_url: str
) -> None:
    settings = {
        "a new one": {"DATABASE_URL": login, "DATABASE_OWNER_URL": empty_database.owner_url, "REDIS_URL": redis_url},
        "the owner's for both": {"DATABASE_URL": empty_database.owner_url, "REDIS_URL": redis_url},
    }
    up = start_up("--port", "0", "--no-demo", environment=settings[logins])
    found = await asyncio.to_thread(up.wait_ready)
    async with shops_of(addresses_of(up, up.api_key)) as shops:
        paid = await shops["EUR"].pay("tok_success")
        late = await shops["JPY"].pay("tok_late")
        resolved = await shops["JPY"].payment_once(late.json["id"], lambda payment: payment["state"] == "succeeded")

    code = await asyncio.to_thread(up.signalled, signal.SIGINT)

    assert (code, paid.verdict, resolved["state"]) == (0, "201 succeeded", "succeeded")
    assert set(found.processes) == {"api", "worker", "relay", "simulator"}
    assert not up.folder.stores.exists()
    connection = await asyncpg.connect(empty_database.owner_url)
    assert await connection.fetchval("select count(*) from fm.payments") == 2
    await connection.close()


async def test_tenants_whose_keys_we_cannot_check_are_not_served(
    start_up: Start, empty_database: Database, redis_url: str
) -> None:
    settings = {"DATABASE_URL": empty_database.owner_url, "REDIS_URL": redis_url}
    first = start_up("--port", "0", "--no-demo", environment=settings | {"SECRET_KEY": SECRET})
    await asyncio.to_thread(first.wait_ready)
    await asyncio.to_thread(first.signalled, signal.SIGINT)

    second = start_up("--port", "0", "--no-demo", folder=first.out.parent / "other", environment=settings)

    assert await asyncio.to_thread(second.ended) == 78
    assert "made with a SECRET_KEY that is not given" in second.complained


def test_one_store_alone_is_refused(start_up: Start) -> None:
    up = start_up("--port", "0", environment={"DATABASE_URL": "postgresql://mediator@127.0.0.1/mediator"})

    assert up.ended() == 78
    assert "DATABASE_URL is given, but REDIS_URL is not" in up.complained


def test_database_that_cannot_be_reached_is_named_without_its_password(start_up: Start, redis_url: str) -> None:
    address = make_url("postgresql://mediator@127.0.0.1:1/mediator").set(password="never shown")
    settings = {"DATABASE_URL": address.render_as_string(hide_password=False), "REDIS_URL": redis_url}
    up = start_up("--port", "0", environment=settings)

    assert up.ended() == 1
    assert "The database at 127.0.0.1:1/mediator cannot be used: " in up.complained
    assert "never" not in up.complained
    assert "Traceback" not in up.complained
