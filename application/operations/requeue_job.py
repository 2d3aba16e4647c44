"""Give a parked job to the queue again."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.queue import JobQueue, ParkedJob, ParkedJobs
from application.ports.world import World
from domain.errors import NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import EventId, OperationId, PaymentId, Prefix, public_id


class RequeueJob(msgspec.Struct, frozen=True):
    """Which parked job to give back."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class RequeueJobHandler:
    """The policy: two people who requeue one job do so once; a job that the queue does not take is parked anew."""

    parked: ParkedJobs
    queue: JobQueue
    world: World

    async def __call__(self, command: RequeueJob, call: Call) -> ParkedJob:
        """Requeue it; give the job. Raises NOT_FOUND, SERVICE_UNAVAILABLE, STATE_CONFLICT for a job nobody knows."""
        job = await self.parked.requeued(call.tenant_id, command.job_id)
        if job is None:
            raise MediatorError(NOT_FOUND, f"No job {public_id(Prefix.JOB, command.job_id)} waits.")
        try:
            await self._give(job)
        except MediatorError:
            await self.parked.park(msgspec.structs.replace(job, id=self.world.moment().new_id(), requeued_at=None))
            raise
        return job

    async def _give(self, job: ParkedJob) -> None:
        match job.actor:
            case "react":
                event_id = EventId(UUID(job.arguments["event_id"]))
                await self.queue.react(job.tenant_id, event_id, job.arguments["reaction"])
            case "resolve":
                await self.queue.resolve(job.tenant_id, OperationId(UUID(job.arguments["operation_id"])))
            case "expire":
                await self.queue.expire(job.tenant_id, PaymentId(UUID(job.arguments["payment_id"])))
            case unknown:
                raise MediatorError(STATE_CONFLICT, f"This version of the service has no job {unknown!r}.")
