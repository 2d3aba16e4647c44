"""Starts the relay: `python -m entrypoints.worker.relay`, settings from the environment.

One process that gives events on and keeps the schedules. SIGTERM or SIGINT stops it within a second; whatever it was
doing is claimed for some seconds only and comes back. Any number of relays may run.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial

import msgspec
import redis
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.heartbeat import BEAT_SECONDS, Heartbeat
from adapters.telemetry.logging import configure_logging, get_logger
from application.operations.relay_outbox import RelayOutbox
from application.schedules import SCHEDULES, Chore, Chores, Schedule
from entrypoints.settings import Settings, SettingsError, read_settings
from entrypoints.wiring.container import make_container
from entrypoints.wiring.queue import Queue
from entrypoints.wiring.version import product_version
from entrypoints.wiring.watching import Watching
from entrypoints.worker.hints import OutboxHints
from entrypoints.worker.scheduler import Repetition

COMPONENT = "relay"
EXIT_SETTINGS = 2
EXIT_CANNOT_LISTEN = 1
FULL_PASS_SECONDS = 0.5
STUCK_SECONDS = 10.0
"""How long after its last good pass the relay still gives signs of life."""


def main() -> None:
    """Run until a signal comes. Exits with 2 when the settings cannot be used."""
    try:
        settings = read_settings()
        _ = settings.broker, settings.application_database
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_SETTINGS)
    configure_logging(level=settings.log_level, service=settings.otel_service_name, component=COMPONENT)
    try:
        watching = Watching(settings, component=COMPONENT, version=product_version(), processes=1)
    except OSError as fault:
        host, port = settings.metrics_host, settings.metrics_port
        get_logger().error("metrics.cannot_listen", host=host, port=port, cause=str(fault))
        sys.exit(EXIT_CANNOT_LISTEN)
    watching.begin()
    asyncio.run(run_relay(settings, watching))


async def run_relay(settings: Settings, watching: Watching) -> None:
    """Give events on and keep the schedules until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    container = make_container(settings, Queue())
    relay = Relay(settings, await container.get(Chores), await container.get(RedisBroker))
    await watching.serve()
    tasks = [asyncio.create_task(work) for work in (stopping.wait(), *relay.works())]
    get_logger().info("relay.ready", chores=[schedule.chore.value for schedule in SCHEDULES])
    # Works never end by themselves: one that does has met a fault that must end the process.
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await relay.end()
    await container.close()
    await watching.end()
    get_logger().info("relay.stopped")
    for task in done:
        task.result()


def schedules_of(settings: Settings) -> tuple[Schedule, ...]:
    """Give the table of chores, with the rests that the settings decide on."""
    rests = {Chore.TAKE_IN_FILES: settings.drop_folder_seconds}
    return tuple(
        msgspec.structs.replace(one, every_seconds=rests.get(one.chore, one.every_seconds)) for one in SCHEDULES
    )


class Relay:
    """Everything that a relay process does at the same time."""

    def __init__(self, settings: Settings, chores: Chores, broker: RedisBroker) -> None:
        """Do these chores; listen where the settings say, give signs of life through the broker."""
        self._chores = chores
        self._heartbeat = Heartbeat(broker.client, COMPONENT)
        self._repetitions = {
            one.chore: Repetition(one, partial(self._make_pass, one.chore)) for one in schedules_of(settings)
        }
        self._outbox = self._repetitions[Chore.RELAY_OUTBOX]
        self._hints = OutboxHints(
            settings.application_database,
            application=f"{settings.otel_service_name} hints",
            on_hint=self._outbox.wake,
        )
        self._next_full_pass_at = 0.0

    def works(self) -> list[Coroutine[None, None, None]]:
        """Give what runs side by side until cancelled."""
        return [self._hints.listen(), self._beat(), *(one.keep() for one in self._repetitions.values())]

    async def end(self) -> None:
        """Say that this process stops."""
        with suppress(redis.RedisError):  # without a broker nobody can ask either
            await asyncio.to_thread(self._heartbeat.end)

    async def _make_pass(self, chore: Chore) -> int:
        if chore is Chore.RELAY_OUTBOX:
            return await self._give_events()
        return await self._chores(chore)

    async def _give_events(self) -> int:
        """Look only at the tenants that were hinted at, but at all of them twice a second: hints may be lost."""
        hinted = self._hints.take()
        if hinted and time.monotonic() < self._next_full_pass_at:
            return await self._chores.relay_outbox(RelayOutbox(hinted))
        self._next_full_pass_at = time.monotonic() + FULL_PASS_SECONDS
        return await self._chores(Chore.RELAY_OUTBOX)

    async def _beat(self) -> None:
        while True:
            if self._outbox.silent_seconds < STUCK_SECONDS:
                try:
                    await asyncio.to_thread(self._heartbeat.beat)
                except redis.RedisError as error:
                    get_logger().warning("heartbeat.missed", fault=type(error).__name__)
            await asyncio.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    main()
