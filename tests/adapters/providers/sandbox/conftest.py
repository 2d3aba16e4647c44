"""A gateway of its own for each test, over real HTTP, with short delays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.providerkit.http import ProviderHttp
from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.main import running
from tests.adapters.providers.sandbox.world import World
from tests.entrypoints.simulator.merchant import (
    API_KEY,
    CALLBACK_SECRET,
    Receiver,
    merchant_of,
    receiving,
)

DELAYS = Delays(late_seconds=0.5, settle_seconds=0.4, callback_pauses=(0.05, 0.05))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    http = ProviderHttp()
    books = tmp_path / "books.sqlite"
    async with (
        running(
            host="127.0.0.1", port=0, data_file=books, api_key=API_KEY, callback_secret=CALLBACK_SECRET, delays=DELAYS
        ) as url,
        merchant_of(url) as merchant,
    ):
        yield World(merchant, http)
        await http.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
