"""A gateway of its own for each test, served over real HTTP with short delays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.main import running
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, Merchant, Receiver, merchant_of, receiving

DELAYS = Delays(
    late_seconds=0.5, settle_seconds=0.4, callback_timeout_seconds=0.5, callback_pauses=(0.02, 0.05, 0.1, 0.1)
)


@pytest.fixture
async def merchant(tmp_path: Path) -> AsyncIterator[Merchant]:
    async with (
        running(
            host="127.0.0.1",
            port=0,
            data_file=tmp_path / "books.sqlite",
            api_key=API_KEY,
            callback_secret=CALLBACK_SECRET,
            delays=DELAYS,
        ) as url,
        merchant_of(url) as merchant,
    ):
        yield merchant


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
