"""The stores of a house: embedded ones that live and die with us, or those that the settings name."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec

from adapters.embedded.errors import EmbeddedStoreTrouble
from adapters.embedded.stores import EmbeddedStores
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.trouble import CONFIGURATION, Trouble
from entrypoints.settings import read_settings


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stores are, with the passwords to them. `database_url` is for the running application."""

    database_url: str
    database_owner_url: str
    redis_url: str
    broker_url: str
    embedded: EmbeddedStores | None = None

    def __repr__(self) -> str:
        """Tell nothing: each address has a password."""
        return "Stores(***)"

    def pids(self) -> dict[str, int]:
        """Give the process ids of the embedded ones, by name."""
        return {} if self.embedded is None else {name: one.pid for name, one in self.embedded.health().items()}

    def find_ended(self) -> str | None:
        """Say which embedded store ended, and how; None while all is well."""
        health = {} if self.embedded is None else self.embedded.health()
        ended = [f"{name} {store.ending}" for name, store in health.items() if not store.is_alive]
        return ", ".join(ended) or None


def are_given(environ: Mapping[str, str]) -> bool:
    """Tell whether the settings name stores. Raises Trouble when they name only one of the two."""
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if environ.get(name, "").strip()]
    if len(given) == 1:
        missing = "REDIS_URL" if given == ["DATABASE_URL"] else "DATABASE_URL"
        raise Trouble(
            f"{given[0]} is given, but {missing} is not: give both, or neither to have both stores embedded.",
            exit_code=CONFIGURATION,
        )
    return bool(given)


def read_given(environ: Mapping[str, str], *, secret_key: str) -> Stores:
    """Read where the given stores are. Raises SettingsError."""
    settings = read_settings({"SECRET_KEY": secret_key} | {name: value for name, value in environ.items() if value})
    return Stores(
        database_url=settings.application_database,
        database_owner_url=settings.owner_database,
        redis_url=settings.redis,
        broker_url=settings.broker,
    )


@asynccontextmanager
async def embedded_stores(folder: DataFolder, *, fsync: bool, tell: Callable[[str], None]) -> AsyncIterator[Stores]:
    """Run the embedded stores of a folder while the block lasts. Raises Trouble, with what to do."""
    stores = EmbeddedStores(folder.stores, fsync=fsync, on_step=tell)
    try:
        urls = await asyncio.to_thread(stores.start)
    except EmbeddedStoreTrouble as trouble:
        raise Trouble(str(trouble)) from trouble
    except asyncio.CancelledError:
        await asyncio.to_thread(stores.stop)
        raise
    try:
        yield Stores(
            database_url=urls.database_url,
            database_owner_url=urls.database_owner_url,
            redis_url=urls.redis_url,
            broker_url=urls.redis_url,
            embedded=stores,
        )
    finally:
        await asyncio.to_thread(stores.stop)
