"""Makes the stores fit for the service: versions, schema, rights."""

import asyncio
import getpass
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from asyncpg.exceptions import PostgresError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from adapters.postgres.migrating import allow_login, migrate, newest_revision
from entrypoints.cli.trouble import Trouble

REDIS_MAJOR_MIN = 6
_CONNECT_SECONDS = 5.0


async def bring_up_to_date(
    *, database_url: str, database_owner_url: str, tell: Callable[[str], None], revision: str = "head"
) -> str:
    """Migrate the database and let the application's login use it; give the newest revision. Raises Trouble."""

    def waiting(attempt: int) -> None:
        tell(f"waits for a lock, try {attempt}")

    try:
        await migrate(database_owner_url, revision=revision, on_wait=waiting)
        await allow_login(database_owner_url, _login_of(database_url))
    except (RuntimeError, SQLAlchemyError, PostgresError, OSError, TimeoutError) as fault:
        raise Trouble(f"The database at {place_of(database_owner_url)} cannot be used: {_reason(fault)}") from fault
    return newest_revision()


async def require_redis(url: str) -> str:
    """Give the server's version. Raises Trouble when it cannot be reached, or is older than Redis 6."""
    client = Redis.from_url(url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_CONNECT_SECONDS)
    try:
        version = str((await client.info("server"))["redis_version"])
    except (RedisError, OSError, TimeoutError, ValueError) as fault:
        raise Trouble(f"Redis at {place_of(url)} cannot be used: {_reason(fault)}") from fault
    finally:
        await client.aclose()
    if int(version.partition(".")[0]) < REDIS_MAJOR_MIN:
        raise Trouble(f"Redis {version} at {place_of(url)} is too old: the mediator needs {REDIS_MAJOR_MIN} or newer.")
    return version


def place_of(url: str) -> str:
    """Say where an address leads, without the login in it."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _login_of(url: str) -> str:
    """Give the login of an address; without one, the driver takes PGUSER or the name of the system's user."""
    return make_url(url).username or os.environ.get("PGUSER") or getpass.getuser()


def _reason(fault: BaseException) -> str:
    """Say in one line what went wrong; SQLAlchemy puts its statement and a link behind the driver's own words."""
    cause = fault.__cause__ if isinstance(fault, SQLAlchemyError) and fault.__cause__ else fault
    if isinstance(cause, TimeoutError | asyncio.TimeoutError):
        return "it does not answer in time."
    lines = str(cause).strip().splitlines()
    first = lines[0] if lines else type(cause).__name__
    return first if first.endswith(".") else f"{first}."
