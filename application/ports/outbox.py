"""Events on their way to those who react: claimed with a lease, never lost, possibly given twice."""

from typing import Protocol

import msgspec

from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId


class OutboxMessage(msgspec.Struct, frozen=True):
    """An event that waits to be given on, with its tag (`callback.received`)."""

    tenant_id: TenantId
    event_id: EventId
    tag: str


class Outbox(Protocol):
    """Work that waits, per tenant. Every claim is leased on the database's clock and comes back when not done."""

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants with work that is due: events to give on, what to ask about, payments to expire."""
        ...

    async def claim_events(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[OutboxMessage, ...]:
        """Claim events of one tenant in their order."""
        ...

    async def events_given(self, tenant_id: TenantId, event_ids: tuple[EventId, ...]) -> None:
        """Mark events as given on."""
        ...

    async def claim_operations(
        self, tenant_id: TenantId, *, limit: int, lease_seconds: float
    ) -> tuple[OperationId, ...]:
        """Claim open operations whose next query is due."""
        ...

    async def claim_payouts(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[PayoutId, ...]:
        """Claim payouts that are to be asked about, or to be sent again, by now."""
        ...

    async def claim_unsent(self, tenant_id: TenantId, *, limit: int, age_seconds: float) -> tuple[PaymentId, ...]:
        """Give payments that never reached a provider and are older than that."""
        ...

    async def forget_keys(self, *, age_seconds: float, limit: int) -> int:
        """Forget idempotency keys that are older than that and not in use; give how many were forgotten."""
        ...

    async def ensure_partitions(self, months: int) -> int:
        """Make room in the tables that are kept by month, for so many months ahead; give how many parts were made."""
        ...
