"""The relay and the worker outlive their database and their broker, and go on where they were."""

import json

import msgspec

from entrypoints.settings import Settings
from tests.adapters.queue.cable import cable_to
from tests.entrypoints.worker.scenery import Processes, Scenery, eventually


async def test_background_goes_on_after_the_database_and_the_broker_were_away(
    scenery: Scenery, settings: Settings, processes: Processes
) -> None:
    async with cable_to(settings.database_url) as database, cable_to(settings.redis_url) as broker:
        cabled = msgspec.structs.replace(settings, database_url=database.url, redis_url=broker.url)
        relay, worker = processes.relay(cabled), processes.worker(cabled)
        await eventually(lambda: scenery.alive("relay"))
        await eventually(lambda: scenery.alive("worker"))

        await broker.cut()
        during = await scenery.doubtful_payment()
        await scenery.receive_callback(during.operation().key)
        await eventually(lambda: told(processes, "chore.interrupted"))
        await database.cut()
        await broker.mend()
        await database.mend()
        after = await scenery.doubtful_payment()
        await scenery.receive_callback(after.operation().key)

        await eventually(lambda: scenery.is_settled(after), within_seconds=15)
        await eventually(lambda: told(processes, "chore.recovered"))
        # The one whose job the broker did not take comes back with its lease, half a minute later.
        await eventually(lambda: at_most_one_waits(scenery))
        assert (relay.poll(), worker.poll()) == (None, None)


async def at_most_one_waits(scenery: Scenery) -> bool:
    return await scenery.unapplied() <= 1


async def told(processes: Processes, message: str) -> bool:
    return any(json.loads(line)["message"] == message for line in processes.logs().splitlines())
