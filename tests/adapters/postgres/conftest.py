"""A house and a desk over real PostgreSQL, and the owner's connection for what only the owner may do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from application.ports.identity import NewTenant
from tests.fakes.desk import Desk
from tests.fakes.house import House, postgres_house
from tests.fakes.keeping import a_world
from tests.fakes.stores import Database


@pytest.fixture
def house(tenant: NewTenant, engine: AsyncEngine, owner_url: str) -> House:
    """The stores of a fresh tenant."""
    return postgres_house(tenant, engine, owner_url)


@pytest.fixture
def desk(house: House) -> Desk:
    """Every use case, over the tenant's stores; its clock begins now."""
    return Desk(house, a_world(datetime.now(UTC)))


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the schema's owner."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def fresh_database_owner(fresh_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of a database for this test alone."""
    connection = await asyncpg.connect(fresh_database.owner_url)
    yield connection
    await connection.close()
