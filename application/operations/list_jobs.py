"""List the jobs that failed for good and wait for a person."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.queue import ParkedJob, ParkedJobs


class ListJobs(msgspec.Struct, frozen=True):
    """How many to list."""

    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListJobsHandler:
    """The policy: oldest first; a job that was requeued is not shown."""

    parked: ParkedJobs

    async def __call__(self, command: ListJobs, call: Call) -> tuple[ParkedJob, ...]:
        """Read a tenant's parked jobs."""
        return await self.parked.list(call.tenant_id, limit=command.limit)
