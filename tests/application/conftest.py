"""A desk over stores in memory whose leases are measured by the test's own clock."""

import pytest
from uuid_utils.compat import uuid7

from domain.ids import ProviderAccountId
from tests.fakes.desk import Desk
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.world import SettableWorld


@pytest.fixture
def world() -> SettableWorld:
    """The test's clock."""
    return SettableWorld()


@pytest.fixture
def desk(world: SettableWorld) -> Desk:
    """Every use case, over stores in memory."""
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=world.now)
    return Desk(memory_house(tenant, clock=lambda: world.now), world)
