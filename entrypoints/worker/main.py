"""The worker process: `dramatiq entrypoints.worker.main:set_up`, as `python -m entrypoints.worker` starts it.

Dramatiq imports this after it has forked, so nothing here is shared between processes.
"""

import os
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.broker import make_broker, standard_middleware
from adapters.queue.dead_letters import DeadLetter, DeadLetters
from adapters.queue.jobs import QUEUES
from adapters.queue.live_jobs import LiveJobsMiddleware
from adapters.queue.liveness import Liveness
from adapters.telemetry.jobs import WatchedJobs
from adapters.telemetry.logging import configure_logging
from application.call import Call
from application.operations.park_job import ParkJob, ParkJobHandler
from domain.ids import Prefix, TenantId, public_id
from entrypoints.settings import Settings, read_settings
from entrypoints.wiring.container import make_container
from entrypoints.wiring.queue import Queue
from entrypoints.worker.actors import ACTORS, PRIORITIES
from entrypoints.worker.containers import Containers
from entrypoints.worker.endings import is_retried, with_ending
from entrypoints.worker.injection import inject
from entrypoints.worker.requests import ACTOR
from entrypoints.worker.watch import Watched, shared

COMPONENT = "worker"
STANDARD_ERROR = 2


def set_up() -> None:
    """Read the settings and make the broker with its actors the one that Dramatiq works for. Raises SettingsError."""
    settings = read_settings()
    # Dramatiq has put a pipe for text in place of the standard error stream; ours are whole lines of bytes.
    stream = os.fdopen(STANDARD_ERROR, "wb", closefd=False)
    configure_logging(level=settings.log_level, service=settings.otel_service_name, component=COMPONENT, stream=stream)
    dramatiq.set_broker(make_worker_broker(settings))


def make_worker_broker(settings: Settings) -> RedisBroker:
    """Make the broker with everything that a worker needs."""
    containers = Containers(lambda: make_container(settings, Queue()))
    # What comes after a message runs from the end of this list to its beginning: `Retries` decides, then the letters
    # and the live jobs see whether it gave up.
    middleware = [
        Liveness(COMPONENT),
        DeadLetters(lambda letter: park(letter, containers)),
        LiveJobsMiddleware(),
        WatchedJobs(),
        *standard_middleware(is_retried),
        containers,
    ]
    if (watching := shared()) is not None:
        middleware.append(Watched(watching))
    broker = make_broker(settings.broker, middleware)
    for name, actor in ACTORS.items():
        run = with_ending(inject(actor, lambda: containers.current))
        dramatiq.actor(broker=broker, actor_name=name, queue_name=QUEUES[name], priority=PRIORITIES[name])(run)
    return broker


async def park(letter: DeadLetter, containers: Containers) -> None:
    """Put a dead letter aside for its tenant. Raises KeyError or ValueError when it names none."""
    handler = await containers.current.get(ParkJobHandler)
    tenant_id = TenantId(UUID(letter.arguments["tenant_id"]))
    command = ParkJob(
        actor=letter.actor,
        arguments=letter.arguments,
        message_id=letter.message_id,
        error=letter.error,
        attempts=letter.attempts,
    )
    call = Call(tenant_id=tenant_id, actor=ACTOR, request_id=public_id(Prefix.JOB, letter.message_id))
    await handler(command, call)
