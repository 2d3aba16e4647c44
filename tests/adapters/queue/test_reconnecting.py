"""A worker that lives through a lost connection leaves no message behind."""

import asyncio
from collections.abc import AsyncIterator

import dramatiq.worker
import pytest
from uuid_utils.compat import uuid7

from adapters.queue.broker import make_broker
from adapters.queue.jobs import DramatiqJobQueue
from domain.ids import EventId, TenantId
from tests.adapters.queue.cable import Cable, cable_to
from tests.adapters.queue.workbench import Workbench, eventually, explode

TENANT = TenantId(uuid7())
EVENT = EventId(uuid7())


@pytest.fixture
async def cable(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cable]:
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.05)
    async with cable_to(redis_url) as laid:
        yield laid


@pytest.fixture
async def far_workbench(cable: Cable) -> AsyncIterator[Workbench]:
    """A worker at the end of the cable."""
    bench = Workbench(cable.url)
    yield bench
    await asyncio.to_thread(bench.stop)


async def test_message_whose_delivery_was_lost_is_given_out_again(
    redis_url: str, cable: Cable, far_workbench: Workbench
) -> None:
    near = make_broker(redis_url)
    await asyncio.to_thread(far_workbench.start)
    cable.lose(b"actor_name")

    await DramatiqJobQueue(near).react(TENANT, EVENT, "apply_callback")

    await asyncio.to_thread(eventually, lambda: far_workbench.done["react"] == 1)
    near.client.close()


async def test_job_that_rests_between_two_tries_outlives_the_connection(cable: Cable, far_workbench: Workbench) -> None:
    far_workbench.broker.get_actor("react").options |= {"min_backoff": 1_000, "max_backoff": 1_000}
    far_workbench.deed = explode
    await asyncio.to_thread(far_workbench.start)
    await far_workbench.queue.react(TENANT, EVENT, "apply_callback")
    await asyncio.to_thread(eventually, lambda: far_workbench.rests("reactions"))
    far_workbench.deed = lambda: None

    await cable.cut()
    await asyncio.to_thread(eventually, lambda: not far_workbench.rests("reactions"))
    await cable.mend()

    await asyncio.to_thread(eventually, lambda: far_workbench.done["react"] == 2)
    await asyncio.to_thread(eventually, far_workbench.is_empty)
