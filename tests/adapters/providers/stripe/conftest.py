"""One localstripe for all tests of a worker, and a client towards it for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientSession

from adapters.providerkit.http import ProviderHttp
from tests.adapters.providers.stripe.world import World
from tests.peers.localstripe import localstripe


@pytest.fixture(scope="session")
def localstripe_url() -> Iterator[str]:
    with localstripe() as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[ProviderHttp]:
    http = ProviderHttp()
    yield http
    await http.close()


@pytest.fixture
async def world(localstripe_url: str, http: ProviderHttp) -> AsyncIterator[World]:
    async with ClientSession() as session:
        yield World(localstripe_url, http, session)
