"""Connections to PostgreSQL: a bounded pool, deadlines, and one tenant in sight at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import URL, TextClause, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.telemetry.metrics import POOL_IN_USE, POOL_OPEN
from domain.errors import BACKPRESSURE, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import TenantId

APPLICATION_ROLE = "mediator_app"
SET_TENANT = text("select set_config('app.tenant', :tenant, true)")
IN_ORDER = text("select set_config('app.tenant', :tenant, true), set_config('enable_sort', 'off', true)")
LOCK_NOT_AVAILABLE = "55P03"
ACQUIRE_SECONDS = 5.0
STATEMENT_SECONDS = 15.0
CONNECT_SECONDS = 5.0


class PoolSize(msgspec.Struct, frozen=True):
    """How many connections one process may hold."""

    kept: int = 5
    more: int = 5


def asyncpg_url(url: str) -> URL:
    """Read a `postgresql://` address for this driver, whatever driver it names."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def make_engine(
    url: str,
    *,
    pool: PoolSize,
    application: str,
    as_role: str | None = None,
    acquire_seconds: float = ACQUIRE_SECONDS,
) -> AsyncEngine:
    """Make an engine whose calls are autocommitted one by one unless a transaction is begun.

    `as_role` lowers a privileged login to the application's role for every statement. Statements end after 15 s,
    waiting for a connection after `acquire_seconds`.
    """
    settings = {"TimeZone": "UTC", "application_name": application}
    if as_role is not None:
        settings["role"] = as_role
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=pool.kept,
        max_overflow=pool.more,
        pool_timeout=acquire_seconds,
        pool_pre_ping=False,
        connect_args={
            "server_settings": settings,
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS,
        },
    )
    _count_connections(engine)
    return engine


def _count_connections(engine: AsyncEngine) -> None:
    """Keep count of the pool: what leaves it for good, detached, is neither open nor in use any more."""
    pool = engine.sync_engine.pool
    event.listen(pool, "connect", lambda *_: POOL_OPEN.add((), 1.0))
    event.listen(pool, "close", lambda *_: POOL_OPEN.add((), -1.0))
    event.listen(pool, "checkout", lambda *_: POOL_IN_USE.add((), 1.0))
    event.listen(pool, "checkin", lambda *_: POOL_IN_USE.add((), -1.0))
    event.listen(pool, "detach", lambda *_: POOL_OPEN.add((), -1.0))
    event.listen(pool, "detach", lambda *_: POOL_IN_USE.add((), -1.0))


@asynccontextmanager
async def tenant_reads(
    engine: AsyncEngine, tenant_id: TenantId, *, in_order: bool = False
) -> AsyncIterator[AsyncConnection]:
    """Open a short transaction that can see one tenant only (row-level security). Raises SERVICE_UNAVAILABLE.

    `in_order`: what is read lies in an index in the order that is asked for, and is to be read so. The planner thinks
    that tenant and account narrow a search independently, takes a busy account for an idle one, and would sort it all.
    """
    async with reads(engine) as connection:
        await connection.execute(IN_ORDER if in_order else SET_TENANT, {"tenant": str(tenant_id)})
        yield connection


@asynccontextmanager
async def reads(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a short transaction for reading. Raises BACKPRESSURE or SERVICE_UNAVAILABLE when there is none to be had."""
    try:
        async with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise unavailable(error) from error


@asynccontextmanager
async def autocommit(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Lend a connection on which every call is a transaction of its own (rule C1); errors pass as they are."""
    async with engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


async def called(engine: AsyncEngine, statement: TextClause, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run one statement as a transaction of its own and give its rows. Raises BACKPRESSURE or SERVICE_UNAVAILABLE."""
    try:
        async with autocommit(engine) as connection:
            return [tuple(row) for row in await connection.execute(statement, values)]
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> Exception:
    """Name a failure of the database for the caller; a fault in our own statement stays what it is."""
    if isinstance(error, PoolTimeoutError):
        return MediatorError(BACKPRESSURE, "All database connections are busy.", retry_after_seconds=1)
    if isinstance(error, DBAPIError) and sqlstate_of(error) == LOCK_NOT_AVAILABLE:
        return MediatorError(BACKPRESSURE, "A lock could not be had in time.", retry_after_seconds=1)
    if is_connection_trouble(error):
        return MediatorError(SERVICE_UNAVAILABLE, "The database cannot be reached.", retry_after_seconds=2)
    return error


def is_connection_trouble(error: Exception) -> bool:
    """Whether the server was not reached, went away, or is shutting down or starting."""
    if isinstance(error, OSError | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate_of(error)
    gone = state is None or state[:2] in {"08", "57"} or state == "53300"
    return error.connection_invalidated or gone


def sqlstate_of(error: DBAPIError) -> str | None:
    """Give the server's SQLSTATE; None when the error did not come from the server."""
    state = getattr(error.orig, "sqlstate", None)
    return str(state) if state else None


def constraint_of(error: DBAPIError) -> str | None:
    """Give the name of the constraint that was broken, if the server named one."""
    cause = error.orig.__cause__ if error.orig is not None else None
    name = getattr(cause, "constraint_name", None)
    return str(name) if name else None
