"""Jobs for workers: ids only, the truth is the row. At least once, so every job is idempotent."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.events import Event
from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId


class JobQueue(Protocol):
    """Hands jobs to workers. Raises SERVICE_UNAVAILABLE when the broker does not take them."""

    async def react(self, tenant_id: TenantId, event_id: EventId, reaction: str) -> None:
        """Ask for one reaction to one event."""
        ...

    async def resolve(self, tenant_id: TenantId, operation_id: OperationId) -> None:
        """Ask for the provider to be asked about an open operation."""
        ...

    async def carry_out(self, tenant_id: TenantId, payout_id: PayoutId) -> None:
        """Ask for the next step of a payout: to be sent, or to be asked about."""
        ...

    async def expire(self, tenant_id: TenantId, payment_id: PaymentId) -> None:
        """Ask for an unsent payment to be expired."""
        ...


class ParkedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that failed too often and waits for a person."""

    tenant_id: TenantId
    id: UUID
    actor: str
    arguments: dict[str, str]
    error: str
    attempts: int
    parked_at: datetime
    requeued_at: datetime | None = None


class ParkedJobs(Protocol):
    """The dead letters, kept in the database: brokers forget them after a week."""

    async def park(self, job: ParkedJob) -> None:
        """Keep a job that failed for good."""
        ...

    async def list(self, tenant_id: TenantId, *, limit: int) -> tuple[ParkedJob, ...]:
        """Give a tenant's parked jobs that wait, oldest first."""
        ...

    async def requeued(self, tenant_id: TenantId, job_id: UUID) -> ParkedJob | None:
        """Mark a job as given to the queue again and return it; None when there is none that waits."""
        ...


class EventStore(Protocol):
    """Reads single events back, for those who react to them."""

    async def get(self, tenant_id: TenantId, event_id: EventId) -> Event:
        """Read one event. Raises NOT_FOUND."""
        ...
