"""What every test may ask for: a real database of its own, a tenant in it, and a Redis.

- `database`: this worker's database, migrated, shared by all of its tests: keep apart by tenant. Cheap.
- `owner_url`, `application_url`: its addresses, as the schema's owner (a superuser) and as the running application.
- `engine`: the application's engine on it.
- `tenant`: a fresh tenant in it, with one account at the provider `sandbox`. What most tests need.
- `fresh_database`: a database for one test alone (30 ms): for tests that corrupt, migrate, or look at all tenants.
- `empty_database`: one without a schema.
- `redis_url`: a Redis that was emptied for the test, and that no other worker uses.

The servers start when the first test asks (3 s) and end with the run. To use your own, set
`MEDIATOR_TEST_DATABASE_OWNER_URL` to a superuser's address on a PostgreSQL, and `MEDIATOR_TEST_REDIS_URL`.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Protocol

import pytest
import redis
from hypothesis import settings
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.lanes import dispose
from application.ports.identity import NewTenant
from domain.ids import ProviderAccountId
from tests.fakes.identity import a_tenant
from tests.fakes.stores import Database, Servers, StoreKeeper, ask, cloned, emptied
from tests.journeys.scheduling import HouseholdsTogether

REDIS_DATABASES = 16
KEEPER = pytest.StashKey[StoreKeeper]()

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=100)
settings.load_profile("repeatable")


class WorkerNode(Protocol):
    """What xdist hands to `pytest_configure_node`: a worker that is about to start."""

    workerinput: dict[str, str]
    config: pytest.Config


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[KEEPER] = StoreKeeper()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerNode) -> None:
    keeper = node.config.stash[KEEPER]
    node.workerinput |= {"keeper_address": keeper.address, "keeper_secret": keeper.secret.hex()}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> HouseholdsTogether:
    return HouseholdsTogether(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    if KEEPER in config.stash:
        config.stash[KEEPER].stop()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The servers of this run, started now if no test has asked before."""
    given: dict[str, str] | None = getattr(request.config, "workerinput", None)
    if given is None:
        keeper = request.config.stash[KEEPER]
        return ask(keeper.address, keeper.secret)
    return ask(given["keeper_address"], bytes.fromhex(given["keeper_secret"]))


@pytest.fixture(scope="session")
async def database(servers: Servers) -> AsyncIterator[Database]:
    """This worker's database."""
    async with cloned(servers) as clone:
        yield clone


@pytest.fixture
async def fresh_database(servers: Servers) -> AsyncIterator[Database]:
    """A migrated database for one test alone."""
    async with cloned(servers) as clone:
        yield clone


@pytest.fixture
async def empty_database(servers: Servers) -> AsyncIterator[Database]:
    """A database without a schema for one test alone."""
    async with emptied(servers) as empty:
        yield empty


@pytest.fixture(scope="session")
def owner_url(database: Database) -> str:
    """The address of this worker's database for the schema's owner."""
    return database.owner_url


@pytest.fixture(scope="session")
def application_url(database: Database) -> str:
    """The address of this worker's database for the running application."""
    return database.application_url


@pytest.fixture(scope="session")
async def engine(application_url: str) -> AsyncIterator[AsyncEngine]:
    """The application's engine on this worker's database."""
    made = make_engine(application_url, pool=PoolSize(10, 20), application="tests")
    yield made
    await dispose(made)


@pytest.fixture
async def tenant(engine: AsyncEngine) -> NewTenant:
    """A fresh tenant with one account at the provider `sandbox`."""
    opened = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
    await PostgresTenants(engine).open(opened)
    return opened


@pytest.fixture
def redis_url(servers: Servers, worker_id: str) -> Iterator[str]:
    """The address of an empty Redis database that only this worker uses."""
    number = int(worker_id.removeprefix("gw")) % REDIS_DATABASES if worker_id.startswith("gw") else 0
    url = make_url(servers.redis_url).set(database=str(number)).render_as_string(hide_password=False)
    client = redis.Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()
