"""Throw-away stores for the tests: one PostgreSQL and one Valkey per run, one database per worker or per test."""

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Client, Listener
from pathlib import Path

import asyncpg
import msgspec
from sqlalchemy import make_url

from adapters.embedded.stores import EmbeddedStores
from adapters.postgres.engine import APPLICATION_ROLE
from adapters.postgres.migrating import migrate

OWNER_URL_SETTING = "MEDIATOR_TEST_DATABASE_OWNER_URL"
REDIS_URL_SETTING = "MEDIATOR_TEST_REDIS_URL"
START_SECONDS = 120.0


class Servers(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where the servers of this run are, and which database is the migrated template.

    The owner is a superuser; the application's login owns nothing. Both addresses name the template: use `at`.
    """

    owner_url: str
    application_url: str
    redis_url: str
    template: str


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """Why there are no servers."""

    reason: str


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One migrated database, as the schema's owner and as the running application see it."""

    name: str
    owner_url: str
    application_url: str


class StoreKeeper:
    """Starts the stores when the first test asks for them, in the process that outlives all tests.

    Workers ask over a socket, so that a run of pure tests starts nothing. `MEDIATOR_TEST_DATABASE_OWNER_URL` (a
    superuser's) and `MEDIATOR_TEST_REDIS_URL` name servers to be used instead of the embedded ones.
    """

    def __init__(self) -> None:
        """Open the door; nothing is started yet."""
        self._folder = Path(tempfile.mkdtemp(prefix="mediator-tests-"))
        self.address = str(self._folder / "door")
        self.secret = secrets.token_bytes(16)
        self._stores: EmbeddedStores | None = None
        self._answer: Servers | Trouble | None = None
        self._listener = Listener(self.address, family="AF_UNIX", backlog=64, authkey=self.secret)
        self._thread = threading.Thread(target=self._serve, name="store-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop whatever was started and remove its folder, even if somebody has removed it before us."""
        with suppress(FileNotFoundError):  # Gone with its folder: nobody comes in, and the thread ends with us.
            with Client(self.address, family="AF_UNIX", authkey=self.secret) as door:
                door.send("stop")
            self._thread.join()
        with suppress(FileNotFoundError):
            self._listener.close()
        if isinstance(self._answer, Servers):
            asyncio.run(_forget(self._answer))
        if self._stores is not None:
            self._stores.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        """Answer one worker after the other; the first one waits for the servers to start."""
        while True:
            try:
                with self._listener.accept() as door:
                    if door.recv() == "stop":
                        return
                    door.send(msgspec.json.encode(self._started()))
            except (EOFError, ConnectionError):
                continue  # That worker died.

    def _started(self) -> Servers | Trouble:
        if self._answer is None:
            try:
                self._answer = self._start()
            except Exception as error:  # noqa: BLE001 -- told to the test that asked, and to all after it
                self._answer = Trouble(f"the stores did not start: {error!r}")
        return self._answer

    def _start(self) -> Servers:
        """Use the servers that are given, and start what is missing."""
        owner_url, redis_url = os.environ.get(OWNER_URL_SETTING), os.environ.get(REDIS_URL_SETTING)
        application_url = None
        if owner_url is None or redis_url is None:
            self._stores = EmbeddedStores(self._folder / "stores", fsync=False)
            urls = self._stores.start()
            redis_url = redis_url or urls.redis_url
            if owner_url is None:
                owner_url, application_url = urls.database_owner_url, urls.database_url
        template = f"mediator_test_{secrets.token_hex(4)}"
        asyncio.run(_prepare(owner_url, template))
        return Servers(
            owner_url=owner_url,
            application_url=application_url or asyncio.run(_make_login(owner_url, template)),
            redis_url=redis_url,
            template=template,
        )


def ask(address: str, secret: bytes) -> Servers:
    """Ask the keeper for the servers. Raises RuntimeError when they did not start."""
    with Client(address, family="AF_UNIX", authkey=secret) as door:
        door.send("servers")
        if not door.poll(START_SECONDS):
            message = f"the stores did not start within {START_SECONDS:g} s"
            raise RuntimeError(message)
        answer: Servers | Trouble = msgspec.json.decode(door.recv(), type=Servers | Trouble)
    match answer:
        case Servers():
            return answer
        case Trouble(reason=reason):
            raise RuntimeError(reason)


@asynccontextmanager
async def cloned(servers: Servers) -> AsyncIterator[Database]:
    """Lend a copy of the template, gone afterwards."""
    name = f"{servers.template}_{secrets.token_hex(4)}"
    await run(servers.owner_url, f"create database {name} template {servers.template} strategy wal_log")
    try:
        yield Database(
            name=name, owner_url=at(servers.owner_url, name), application_url=at(servers.application_url, name)
        )
    finally:
        await run(servers.owner_url, f"drop database {name} with (force)")


@asynccontextmanager
async def emptied(servers: Servers) -> AsyncIterator[Database]:
    """Lend a database without any schema, gone afterwards."""
    name = f"{servers.template}_{secrets.token_hex(4)}"
    await run(servers.owner_url, f"create database {name} template template0 strategy wal_log")
    try:
        yield Database(
            name=name, owner_url=at(servers.owner_url, name), application_url=at(servers.application_url, name)
        )
    finally:
        await run(servers.owner_url, f"drop database {name} with (force)")


def at(url: str, database: str) -> str:
    """Give the address of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def run(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _prepare(owner_url: str, template: str) -> None:
    await run(owner_url, f"create database {template} template template0")
    await migrate(at(owner_url, template))


async def _make_login(owner_url: str, template: str) -> str:
    """Make a login that may be the application's role, for a server that is not ours."""
    password = secrets.token_hex(16)
    await run(owner_url, f"create role {template} login password '{password}' in role {APPLICATION_ROLE}")
    url = make_url(owner_url).set(username=template, password=password)
    return url.render_as_string(hide_password=False)


async def _forget(servers: Servers) -> None:
    """Take the template, and the login if one was made, off a server that is not ours."""
    if OWNER_URL_SETTING not in os.environ:
        return
    await run(servers.owner_url, f"drop database {servers.template} with (force)", f"drop role {servers.template}")
