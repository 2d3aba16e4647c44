"""Three ledgers: the reference, PostgreSQL, and PostgreSQL made to go the careful way. Every test holds for each."""

from datetime import UTC, datetime

import pytest
from uuid_utils.compat import uuid7

from domain.ids import ProviderAccountId
from tests.fakes.clerk import Clerk
from tests.fakes.house import House, memory_house, postgres_house
from tests.fakes.identity import a_tenant


@pytest.fixture(params=["memory", "postgres", "careful"])
def house(request: pytest.FixtureRequest) -> House:
    """The stores of a fresh tenant."""
    if request.param == "memory":
        return memory_house(a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC)))
    return postgres_house(
        request.getfixturevalue("tenant"),
        request.getfixturevalue("engine"),
        request.getfixturevalue("owner_url"),
        careful=request.param == "careful",
    )


@pytest.fixture
def clerk(house: House) -> Clerk:
    """Who gives orders there."""
    return Clerk(house)
