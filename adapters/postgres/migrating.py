"""Bring a database to the newest schema, giving way to its traffic."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from asyncpg.exceptions import LockNotAvailableError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.engine import APPLICATION_ROLE, asyncpg_url, sqlstate_of
from adapters.postgres.schema_state import require_same_state

LOCK_NOT_AVAILABLE = "55P03"
TRIES_MAX = 25
POSTGRES_MAJOR_MIN = 15
ONE_AT_A_TIME = asyncio.Lock()
"""Alembic keeps its context in globals: one process runs one migration at a time."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Configure alembic without a file; the connection travels in the attributes."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Give the revision that this code expects."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def owner_engine(url: str) -> AsyncEngine:
    """Make an engine for the schema's owner that keeps no connections."""
    return create_async_engine(asyncpg_url(url), poolclass=NullPool, connect_args={"timeout": 10})


async def migrate(url: str, *, revision: str = "head", on_wait: Callable[[int], None] | None = None) -> None:
    """Upgrade the database at `url` (the owner's), waiting for locks in short tries with jitter.

    Raises RuntimeError when the server is too old, when a lock could not be had in 25 tries, or when the schema is
    of another state of its revision.
    """
    engine = owner_engine(url)
    try:
        await require_version(engine)
        for attempt in range(1, TRIES_MAX + 1):
            try:
                async with ONE_AT_A_TIME, engine.connect() as connection:
                    await connection.run_sync(_upgrade, revision)
                    await connection.commit()
            except (DBAPIError, LockNotAvailableError) as error:
                if not _was_locked_out(error):
                    raise
                if attempt == TRIES_MAX:
                    raise RuntimeError(f"a lock could not be had in {TRIES_MAX} tries; nothing was changed") from error
                if on_wait is not None:
                    on_wait(attempt)
                await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 -- jitter, not a secret
            else:
                return
    finally:
        await engine.dispose()


async def downgrade(url: str, *, revision: str = "base") -> None:
    """Take the schema of the database at `url` back to a revision."""
    engine = owner_engine(url)
    try:
        async with ONE_AT_A_TIME, engine.connect() as connection:
            await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), revision))
            await connection.commit()
    finally:
        await engine.dispose()


def _was_locked_out(error: Exception) -> bool:
    """Whether a statement gave way: the driver runs whole scripts itself, so its own error may come as it is."""
    if isinstance(error, DBAPIError):
        return sqlstate_of(error) == LOCK_NOT_AVAILABLE
    return isinstance(error, LockNotAvailableError)


def _upgrade(connection: Connection, revision: str) -> None:
    require_same_state(connection)
    command.upgrade(alembic_config(connection), revision)


async def require_version(engine: AsyncEngine) -> str:
    """Give the server's version. Raises RuntimeError when it is older than PostgreSQL 15."""
    async with engine.connect() as connection:
        number = int((await connection.execute(text("select current_setting('server_version_num')"))).scalar_one())
    if number < POSTGRES_MAJOR_MIN * 10_000:
        message = f"PostgreSQL {number // 10_000} is too old: the mediator needs {POSTGRES_MAJOR_MIN} or newer"
        raise RuntimeError(message)
    return f"{number // 10_000}.{number % 10_000}"


async def allow_login(url: str, login: str) -> None:
    """Let a login of the running application use the application's role, unless it is that role."""
    if login == APPLICATION_ROLE:
        return
    engine = owner_engine(url)
    try:
        async with engine.begin() as connection:
            quoted = (await connection.execute(text("select quote_ident(:login)"), {"login": login})).scalar_one()
            await connection.execute(text(f"grant {APPLICATION_ROLE} to {quoted}"))
    finally:
        await engine.dispose()
