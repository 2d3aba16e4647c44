"""The service, its sandbox provider, and a shop that uses it."""

import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from adapters.telemetry.logging import configure_logging
from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.main import running
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import Shop
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, Merchant, merchant_of
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

DELAYS = Delays(late_seconds=0.3, settle_seconds=0.3, callback_timeout_seconds=0.5, callback_pauses=())


@pytest.fixture(autouse=True)
def log() -> Iterator[io.BytesIO]:
    """What the service logs during a test, as it would in production."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.BytesIO()
    configure_logging(level="debug", service="mediator", component="api", stream=stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.fixture(scope="session")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Merchant]:
    """The simulator, served over real HTTP, as its merchants and its testers see it."""
    books = tmp_path_factory.mktemp("sandbox") / "books.sqlite"
    async with (
        running(
            host="127.0.0.1", port=0, data_file=books, api_key=API_KEY, callback_secret=CALLBACK_SECRET, delays=DELAYS
        ) as url,
        merchant_of(url) as merchant,
    ):
        yield merchant


@pytest.fixture(scope="session")
async def service(database: Database, sandbox: Merchant) -> AsyncIterator[Service]:
    """The service with the sandbox as its provider."""
    async with serving(settings_for(database, sandbox_url=sandbox.url)) as service:
        yield service


@pytest.fixture
async def shop(service: Service) -> Shop:
    """A fresh tenant of the service."""
    return await service.open_shop()


@pytest.fixture(scope="session")
async def visitor(service: Service) -> Shop:
    """A tenant that never pays: for tests whose requests are all refused, or only read nothing."""
    return await service.open_shop()


@pytest.fixture(scope="session")
async def visitor_who_pays(service: Service) -> Shop:
    """A tenant whose payments many tests look at and none may change."""
    return await service.open_shop()


@pytest.fixture
async def other_shop(service: Service) -> Shop:
    """Another one."""
    return await service.open_shop()


@pytest.fixture
def provider() -> ScriptedProvider:
    """A provider that does what the test says."""
    return ScriptedProvider()


@pytest.fixture
async def scripted(database: Database, provider: ScriptedProvider) -> AsyncIterator[Service]:
    """A service with that provider."""
    async with serving(settings_for(database), TheseProviders(ProviderSet(provider))) as service:
        yield service


@pytest.fixture
async def scripted_shop(scripted: Service) -> Shop:
    """A fresh tenant of it."""
    return await scripted.open_shop()
