"""A wallet of its own for each test, over real HTTP, with our side of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.providerkit.http import ProviderHttp
from entrypoints.simulator.main import running
from tests.adapters.providers.khalti.world import World
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, merchant_of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    http = ProviderHttp()
    books = tmp_path / "books.sqlite"
    async with (
        running(host="127.0.0.1", port=0, data_file=books, api_key=API_KEY, callback_secret=CALLBACK_SECRET) as url,
        merchant_of(url) as merchant,
    ):
        yield World(merchant, http)
        await http.close()
