"""A house in memory and a house in PostgreSQL: every test here must hold for both."""

from datetime import UTC, datetime

import pytest
from uuid_utils.compat import uuid7

from domain.ids import ProviderAccountId
from tests.fakes.house import House, memory_house, postgres_house
from tests.fakes.identity import a_tenant


@pytest.fixture(params=["memory", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    """The stores of a fresh tenant."""
    if request.param == "postgres":
        return postgres_house(
            request.getfixturevalue("tenant"),
            request.getfixturevalue("engine"),
            request.getfixturevalue("owner_url"),
        )
    return memory_house(a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC)))
