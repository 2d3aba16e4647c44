"""Opens the container for one command, and says in words when the database is not made for this version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dishka import AsyncContainer, Provider
from sqlalchemy.exc import DBAPIError

from adapters.postgres.engine import sqlstate_of
from entrypoints.cli.trouble import Trouble
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container

_NOT_MIGRATED = frozenset({"3F000", "42P01", "42703", "42883"})
"""No such schema, table, column or function (PostgreSQL, appendix A)."""


@asynccontextmanager
async def opened_container(settings: Settings, *providers: Provider) -> AsyncIterator[AsyncContainer]:
    """Open it while the block lasts. Raises Trouble when the schema is not what this version needs."""
    container = make_container(settings, *providers)
    try:
        yield container
    except DBAPIError as fault:
        if sqlstate_of(fault) not in _NOT_MIGRATED:
            raise
        message = "The database is not at the revision that this version needs: run `mediator migrate`."
        raise Trouble(message) from fault
    finally:
        await container.close()
