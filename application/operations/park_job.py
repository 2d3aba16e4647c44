"""Put a job aside that failed for good, where a person finds it."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.outbox import Outbox
from application.ports.queue import ParkedJob, ParkedJobs
from application.ports.world import World
from domain.ids import EventId


class ParkJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it failed: named like the method of `JobQueue` that asked for it, its arguments like the parameters.

    `message_id` is this order's own; `error` says in words why, `attempts` how often it was tried.
    """

    actor: str
    arguments: dict[str, str]
    message_id: UUID
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class ParkJobHandler:
    """The policy.

    - A reaction that failed for good is not given on again by the relay: its event leaves the outbox, after the job
      was kept.
    - An operation or payment whose state still asks for work is tried again anyway, as its state says; it is parked
      once, under its own id, however often it fails.
    """

    parked: ParkedJobs
    outbox: Outbox
    world: World

    async def __call__(self, command: ParkJob, call: Call) -> None:
        """Keep the job; keeping it twice keeps it once. Raises SERVICE_UNAVAILABLE, KeyError without its arguments."""
        arguments = command.arguments
        job = ParkedJob(
            tenant_id=call.tenant_id,
            id=_id_of(command),
            actor=command.actor,
            arguments=arguments,
            error=command.error,
            attempts=command.attempts,
            parked_at=self.world.moment().now,
        )
        await self.parked.park(job)
        if command.actor == "react":
            await self.outbox.events_given(call.tenant_id, (EventId(UUID(arguments["event_id"])),))


def _id_of(command: ParkJob) -> UUID:
    match command.actor:
        case "resolve":
            return UUID(command.arguments["operation_id"])
        case "expire":
            return UUID(command.arguments["payment_id"])
        case _:
            return command.message_id
