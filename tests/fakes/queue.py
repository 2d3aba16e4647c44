"""The queue, the dead letters and single events in memory."""

from uuid import UUID

import msgspec

from application.ports.queue import EventStore, JobQueue, ParkedJob, ParkedJobs
from domain.errors import NOT_FOUND, SERVICE_UNAVAILABLE, MediatorError
from domain.events import Event
from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId
from tests.fakes.tables import MemoryDatabase


class MemoryJobQueue(JobQueue):
    """Remembers what was asked for, in order: (what, tenant, id, reaction). With `is_down` it takes nothing."""

    def __init__(self) -> None:
        """Begin empty and up."""
        self.jobs: list[tuple[str, TenantId, UUID, str]] = []
        self.is_down = False

    async def react(self, tenant_id: TenantId, event_id: EventId, reaction: str) -> None:
        """Ask for one reaction to one event."""
        self._take("react", tenant_id, event_id, reaction)

    async def resolve(self, tenant_id: TenantId, operation_id: OperationId) -> None:
        """Ask for the provider to be asked about an open operation."""
        self._take("resolve", tenant_id, operation_id)

    async def carry_out(self, tenant_id: TenantId, payout_id: PayoutId) -> None:
        """Ask for the next step of a payout."""
        self._take("carry_out", tenant_id, payout_id)

    async def expire(self, tenant_id: TenantId, payment_id: PaymentId) -> None:
        """Ask for an unsent payment to be expired."""
        self._take("expire", tenant_id, payment_id)

    def _take(self, what: str, tenant_id: TenantId, subject: UUID, reaction: str = "") -> None:
        if self.is_down:
            raise MediatorError(SERVICE_UNAVAILABLE, "The broker takes nothing.", retry_after_seconds=1)
        self.jobs.append((what, tenant_id, subject, reaction))


class MemoryParkedJobs(ParkedJobs):
    """Keeps dead letters."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def park(self, job: ParkedJob) -> None:
        """Keep a job; parking it twice keeps it once."""
        now = self._database.clock()
        self._database.tables(job.tenant_id).parked.setdefault(job.id, msgspec.structs.replace(job, parked_at=now))

    async def list(self, tenant_id: TenantId, *, limit: int) -> tuple[ParkedJob, ...]:
        """Give a tenant's parked jobs that wait, oldest first."""
        waiting = [one for one in self._database.tables(tenant_id).parked.values() if one.requeued_at is None]
        return tuple(sorted(waiting, key=lambda one: one.id)[:limit])

    async def requeued(self, tenant_id: TenantId, job_id: UUID) -> ParkedJob | None:
        """Mark a job as given to the queue again; two at once get it once."""
        parked = self._database.tables(tenant_id).parked
        job = parked.get(job_id)
        if job is None or job.requeued_at is not None:
            return None
        parked[job_id] = msgspec.structs.replace(job, requeued_at=self._database.clock())
        return parked[job_id]


class MemoryEventStore(EventStore):
    """Reads events back."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, event_id: EventId) -> Event:
        """Read one event. Raises NOT_FOUND."""
        event = self._database.tables(tenant_id).events.get(event_id)
        if event is None:
            raise MediatorError(NOT_FOUND, "There is no such event.")
        return event
