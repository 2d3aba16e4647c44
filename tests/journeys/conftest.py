"""A running `mediator up` for all that only use it, and one for each test that does something to it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from entrypoints.cli.scenario.furnishing import furnish
from entrypoints.cli.scenario.playing import shops_of
from entrypoints.cli.scenario.shop import Shop
from tests.journeys.households import Start, Up, addresses_of, end_all


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[Start]:
    """Start `mediator up` on this test's folder; what the test does not end is ended after it."""
    started: list[Up] = []

    def start(*arguments: str, folder: Path = tmp_path, environment: Mapping[str, str] = {}) -> Up:
        started.append(Up(folder, *arguments, environment=environment))
        return started[-1]

    yield start
    end_all(started)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running `mediator up`, for all tests that only use it."""
    up = Up(tmp_path_factory.mktemp("house"), "--port", "0", "--no-demo", "--no-fsync")
    try:
        up.wait_ready()
        yield up
    finally:
        end_all([up])


@pytest.fixture(scope="session")
async def shops(house: Up) -> AsyncIterator[dict[str, Shop]]:
    """The shops of its first tenant, one for each currency."""
    async with shops_of(addresses_of(house, house.api_key)) as opened:
        await furnish(opened["EUR"])
        yield opened
