"""Have providers asked about every operation whose outcome is open, and every payout sent whose time has come."""

from dataclasses import dataclass

from application.ports.outbox import Outbox
from application.ports.queue import JobQueue
from domain.ids import TenantId

LEASE_SECONDS = 30.0
"""How long a query may take before the operation is claimed again."""

TENANTS_MAX = 1_000
OPERATIONS_MAX = 50


@dataclass(frozen=True, slots=True)
class AskOpenOperationsHandler:
    """The policy: the operation's own state says that it is open, so a lost job only delays the question."""

    outbox: Outbox
    queue: JobQueue
    lease_seconds: float = LEASE_SECONDS

    async def __call__(self) -> int:
        """Make one pass; give how many operations are asked about. Raises SERVICE_UNAVAILABLE; the rest comes back."""
        tenants = await self.outbox.due_tenants(limit=TENANTS_MAX)
        return sum([await self._ask(tenant_id) for tenant_id in tenants])

    async def _ask(self, tenant_id: TenantId) -> int:
        claimed = await self.outbox.claim_operations(tenant_id, limit=OPERATIONS_MAX, lease_seconds=self.lease_seconds)
        for operation_id in claimed:
            await self.queue.resolve(tenant_id, operation_id)
        payouts = await self.outbox.claim_payouts(tenant_id, limit=OPERATIONS_MAX, lease_seconds=self.lease_seconds)
        for payout_id in payouts:
            await self.queue.carry_out(tenant_id, payout_id)
        return len(claimed) + len(payouts)
