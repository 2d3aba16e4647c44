"""Dead letters and single events in PostgreSQL, for workers."""

from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.queue import EventStore, ParkedJob, ParkedJobs
from domain.errors import NOT_FOUND, MediatorError
from domain.events import Event
from domain.ids import EventId, TenantId

PARK = text("select fm.park_job(:tenant, cast(:job as jsonb))")
REQUEUE = text("select fm.requeue_job(:tenant, :job)::text")
LIST = text(
    """
    select tenant_id, id, actor, arguments::text as arguments, error, attempts, parked_at, requeued_at
    from fm.parked_jobs where tenant_id = :tenant and requeued_at is null order by id limit :limit
    """
)
EVENT = text("select body::text from fm.events where tenant_id = :tenant and id = :event")


class PostgresParkedJobs(ParkedJobs):
    """Keeps jobs that failed for good."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def park(self, job: ParkedJob) -> None:
        """Keep a job; parking it twice keeps it once."""
        await called(self._engine, PARK, {"tenant": job.tenant_id, "job": msgspec.json.encode(job).decode()})

    async def list(self, tenant_id: TenantId, *, limit: int) -> tuple[ParkedJob, ...]:
        """Give a tenant's parked jobs that wait, oldest first."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(LIST, {"tenant": tenant_id, "limit": limit})).mappings().all()
        return tuple(
            msgspec.convert(dict(row) | {"arguments": msgspec.json.decode(row["arguments"])}, ParkedJob) for row in rows
        )

    async def requeued(self, tenant_id: TenantId, job_id: UUID) -> ParkedJob | None:
        """Mark a job as given to the queue again; two at once get it once."""
        rows = await called(self._engine, REQUEUE, {"tenant": tenant_id, "job": job_id})
        return None if rows[0][0] is None else msgspec.json.decode(rows[0][0], type=ParkedJob)


class PostgresEventStore(EventStore):
    """Reads events back."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, event_id: EventId) -> Event:
        """Read one event. Raises NOT_FOUND."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = await connection.execute(EVENT, {"tenant": tenant_id, "event": event_id})
            body = found.scalar_one_or_none()
        if body is None:
            raise MediatorError(NOT_FOUND, "There is no such event.")
        event: Event = msgspec.json.decode(body, type=Event)
        return event
