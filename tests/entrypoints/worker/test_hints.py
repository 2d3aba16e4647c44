"""PostgreSQL hints at tenants whose events wait; a hint that was missed only costs the poll."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from entrypoints.settings import Settings
from entrypoints.worker import hints
from entrypoints.worker.hints import OutboxHints
from tests.adapters.queue.cable import cable_to
from tests.entrypoints.worker.scenery import Scenery


class Ear:
    """Listens as the relay does, and says when it heard something."""

    def __init__(self, url: str) -> None:
        self.heard = asyncio.Event()
        self.hints = OutboxHints(url, application="test hints", on_hint=self.heard.set)
        self.task = asyncio.create_task(self.hints.listen())

    async def hears(self) -> None:
        async with asyncio.timeout(5):
            await self.heard.wait()
        self.heard.clear()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def ear(settings: Settings) -> AsyncIterator[Ear]:
    listening = Ear(settings.database_url)
    await listening.hears()
    yield listening
    await listening.stop()


async def test_stored_callback_is_hinted_at_once(scenery: Scenery, ear: Ear) -> None:
    await scenery.receive_callback(None)

    await ear.hears()

    assert ear.hints.take() == (scenery.tenant.tenant_id,)
    assert ear.hints.take() == ()


async def test_foreign_word_on_the_channel_is_no_hint(settings: Settings, scenery: Scenery, ear: Ear) -> None:
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("select pg_notify('fm_outbox', 'not a tenant')")
    await connection.close()

    await scenery.receive_callback(None)

    await ear.hears()
    assert ear.hints.take() == (scenery.tenant.tenant_id,)


async def test_new_connection_is_a_hint_in_itself_after_the_old_one_was_lost(
    scenery: Scenery, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "RECONNECT_SECONDS", 0.05)
    async with cable_to(settings.database_url) as cable:
        ear = Ear(cable.url)
        await ear.hears()

        await cable.cut()
        await cable.mend()

        await ear.hears()
        await scenery.receive_callback(None)
        await ear.hears()
        assert ear.hints.take() == (scenery.tenant.tenant_id,)
        await ear.stop()
