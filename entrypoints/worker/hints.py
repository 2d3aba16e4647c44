"""Listens for PostgreSQL's word that an event waits. A hint and no more: it may be lost, and nothing depends on it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresError

from adapters.postgres.engine import CONNECT_SECONDS, asyncpg_url
from adapters.telemetry.logging import get_logger
from domain.ids import TenantId

CHANNEL = "fm_outbox"
RECONNECT_SECONDS = 1.0


class OutboxHints:
    """The tenants that were hinted at since they were last taken.

    One raw connection listens, outside of the pool. Behind a pooler that does not pass notifications on (PgBouncer)
    nothing is heard, and the relay lives by its poll.
    """

    def __init__(self, url: str, *, application: str, on_hint: Callable[[], None]) -> None:
        """Listen at `url`; `on_hint` is called on the event loop."""
        self._url = asyncpg_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._application = application
        self._on_hint = on_hint
        self._tenants: set[TenantId] = set()

    def take(self) -> tuple[TenantId, ...]:
        """Give the tenants, and forget them."""
        taken = tuple(self._tenants)
        self._tenants.clear()
        return taken

    async def listen(self) -> None:
        """Listen until cancelled, connecting anew a second after the connection is gone."""
        while True:
            try:
                await self._listen_once()
            except (OSError, TimeoutError, PostgresError, InterfaceError) as error:
                get_logger().info("hints.interrupted", reason=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        gone = asyncio.Event()
        settings = {"application_name": self._application}
        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, server_settings=settings)
        try:
            connection.add_termination_listener(lambda _connection: gone.set())
            await connection.add_listener(CHANNEL, self._hear)
            # Whatever happened while nobody listened is found by a pass over all tenants.
            self._on_hint()
            await gone.wait()
        finally:
            connection.terminate()

    def _hear(self, _connection: object, _process: int, _channel: str, payload: object) -> None:
        with suppress(ValueError):  # somebody else's word on our channel is no hint
            self._tenants.add(TenantId(UUID(str(payload))))
            self._on_hint()
