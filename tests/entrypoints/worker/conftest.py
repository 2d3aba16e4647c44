"""A tenant, a simulated provider, and processes that are killed with the test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from entrypoints.settings import Settings
from entrypoints.simulator.main import running
from entrypoints.wiring.container import make_container
from entrypoints.wiring.queue import Queue
from tests.entrypoints.worker.scenery import Processes, Scenery
from tests.fakes.stores import Database

API_KEY = "sk_test_worker"
CALLBACK_SECRET = "whsec_test_worker"
NOBODY_LISTENS = "http://127.0.0.1:1"


@pytest.fixture
async def simulator_url(tmp_path: Path) -> AsyncIterator[str]:
    books = tmp_path / "books.sqlite"
    async with running(
        host="127.0.0.1", port=0, data_file=books, api_key=API_KEY, callback_secret=CALLBACK_SECRET
    ) as url:
        yield url


@pytest.fixture
def settings(fresh_database: Database, redis_url: str, simulator_url: str) -> Settings:
    return Settings(
        secret_key="a secret of nobody, long enough to be one",
        database_url=fresh_database.application_url,
        database_owner_url=fresh_database.owner_url,
        redis_url=redis_url,
        public_url=NOBODY_LISTENS,
        sandbox_url=simulator_url,
        sandbox_api_key=API_KEY,
        sandbox_callback_secrets=(CALLBACK_SECRET,),
    )


@pytest.fixture
async def scenery(settings: Settings) -> AsyncIterator[Scenery]:
    container = make_container(settings, Queue())
    yield await Scenery(settings, container).build()
    await container.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    folder = tmp_path / "logs"
    folder.mkdir()
    started = Processes(folder)
    yield started
    started.kill_all()
    print(started.logs())  # noqa: T201 -- pytest shows it beside a failure
