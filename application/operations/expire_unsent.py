"""Have every payment expired that never reached a provider and that nobody tried again for a day."""

from dataclasses import dataclass

from application.ports.outbox import Outbox
from application.ports.queue import JobQueue
from domain.authorizing import UNSENT_LIFETIME
from domain.ids import TenantId

TENANTS_MAX = 1_000
PAYMENTS_MAX = 100


@dataclass(frozen=True, slots=True)
class ExpireUnsentHandler:
    """The policy: found by state and age, not by a claim, so a payment is named until it is expired."""

    outbox: Outbox
    queue: JobQueue

    async def __call__(self) -> int:
        """Make one pass; give how many payments are to expire. Raises SERVICE_UNAVAILABLE; the rest is found again."""
        tenants = await self.outbox.due_tenants(limit=TENANTS_MAX)
        return sum([await self._expire(tenant_id) for tenant_id in tenants])

    async def _expire(self, tenant_id: TenantId) -> int:
        age_seconds = UNSENT_LIFETIME.total_seconds()
        found = await self.outbox.claim_unsent(tenant_id, limit=PAYMENTS_MAX, age_seconds=age_seconds)
        for payment_id in found:
            await self.queue.expire(tenant_id, payment_id)
        return len(found)
