"""The embedded stores: a real PostgreSQL and a real Valkey that live and die with this process."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from adapters.embedded.binaries import find_postgres, find_redis
from adapters.embedded.child import Child, stop_children
from adapters.embedded.cluster import refuse_other_major
from adapters.embedded.identity import Way, choose_identity, ways_for
from adapters.embedded.locks import FileLock, lock_folder
from adapters.embedded.passwords import Passwords, load_passwords
from adapters.embedded.ports import PortMemory
from adapters.embedded.postgres import PostgresServer
from adapters.embedded.private_files import make_private_folder
from adapters.embedded.provisioning import provision
from adapters.embedded.server import Server
from adapters.embedded.startup import Startup
from adapters.embedded.urls import StoreUrls, make_urls
from adapters.embedded.valkey import ValkeyServer

__all__ = ["EmbeddedStores", "StoreHealth", "StoreUrls"]


class StoreHealth(msgspec.Struct, frozen=True):
    """How one store is: `ending` says how it ended when it is not alive."""

    pid: int
    is_alive: bool
    ending: str


class EmbeddedStores:
    """PostgreSQL and Valkey over one data folder, kept between runs. Everything is under the folder.

    With `fsync=False` the stores are for throwing away: quicker, and safe from everything but the machine's own end.
    `on_step` is told, in a thread of ours, what is being done. Any thread may call the methods; all of them block, so
    an event loop calls them by `asyncio.to_thread`. Keep the object: the stores end when it is forgotten.
    `ways` is how PostgreSQL comes to its user; left out, what suits the user that we are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fsync: bool = True,
        on_step: Callable[[str], None] | None = None,
        ready_seconds: float = 60.0,
        ways: tuple[Way, ...] | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._ways = ways_for(os.geteuid()) if ways is None else ways
        self._cancelled = threading.Event()
        self._startup = Startup(
            folder=self._folder,
            fsync=fsync,
            ready_seconds=ready_seconds,
            tell=on_step or (lambda _step: None),
            cancelled=self._cancelled,
        )
        # One thread starts the servers and lives as long as this object: Linux ties them to it (PDEATHSIG), whichever
        # thread calls us. It ends when this process does, even by `kill -9`.
        self._keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-stores")
        self._busy = threading.RLock()  # Re-entrant, for a signal handler that stops what is being stopped.
        self._folder_lock: FileLock | None = None
        self._servers: list[Server] = []
        self._urls: StoreUrls | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def urls(self) -> StoreUrls:
        """Where the stores listen. Raises RuntimeError when they have not been started."""
        if self._urls is None:
            message = "the embedded stores have not been started"
            raise RuntimeError(message)
        return self._urls

    def start(self) -> StoreUrls:
        """Start both stores, whatever end they had, and answer once they are ready; when they run already, just answer.

        Raises an EmbeddedStoreTrouble that says what to do; nothing is left running then.
        """
        if self._urls is not None and self.is_alive():
            return self._urls
        self.stop()
        self._cancelled.clear()
        try:
            return self._keeper.submit(self._start).result()
        except BaseException:  # Also Ctrl-C: whatever ends the start ends what it began.
            self.stop()
            raise

    def stop(self) -> None:
        """End both stores in less than 3 s, or give up a start that is under way. Nothing happens when none runs."""
        self._cancelled.set()
        with self._busy:
            stop_children(self._children())
            for server in self._servers:
                server.release()
            self._servers, self._urls = [], None
            if self._folder_lock is not None:
                self._folder_lock.release()
                self._folder_lock = None

    def is_alive(self) -> bool:
        """Tell whether both stores run; `health` says which does not."""
        health = self.health()
        return bool(health) and all(store.is_alive for store in health.values())

    def health(self) -> dict[str, StoreHealth]:
        """Answer how `PostgreSQL` and `Valkey` are; empty when they have not been started."""
        return {child.name: StoreHealth(child.pid, child.is_running, child.ending) for child in self._children()}

    def _children(self) -> list[Child]:
        return [server.child for server in self._servers if server.child is not None]

    def _start(self) -> StoreUrls:
        with self._busy:
            self._take_folder()
            self._urls = self._start_servers()
            return self._urls

    def _start_servers(self) -> StoreUrls:
        redis, postgres = find_redis(os.environ), find_postgres(os.environ)
        workplace = self._folder / PostgresServer.place
        refuse_other_major(workplace / "data", postgres)
        passwords = load_passwords(self._folder, has_data=(workplace / "data").exists())
        identity, postgres = choose_identity(postgres, workplace, ways=self._ways)
        ports = PortMemory(self._folder)
        database = PostgresServer(self._startup, postgres, identity, ports)
        valkey = ValkeyServer(self._startup, redis, ports, passwords.redis)
        self._servers = [database, valkey]
        self._run(database, valkey, passwords)
        self._startup.tell("the stores are ready")
        return make_urls(database_port=database.port, redis_port=valkey.port, passwords=passwords)

    def _take_folder(self) -> None:
        make_private_folder(self._folder)
        self._folder_lock = lock_folder(self._folder)
        for path in (self._startup.logs, self._folder / PostgresServer.place, self._folder / ValkeyServer.place):
            make_private_folder(path)

    def _run(self, database: PostgresServer, valkey: ValkeyServer, passwords: Passwords) -> None:
        """Start both; Valkey reads its data while PostgreSQL is made ready."""
        for server in self._servers:
            server.claim()
        valkey.start()
        database.start(passwords.database_owner)
        asyncio.run(provision(database.port, passwords))
        valkey.await_ready()
