"""An exchange office in memory, at noon of the last Friday of October 2026."""

import pytest

from tests.fakes.exchange_office import Office


@pytest.fixture
def office() -> Office:
    """One that is open."""
    return Office()
