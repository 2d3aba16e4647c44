"""Let every hold go whose time is over."""

from dataclasses import dataclass

from application.ports.bookings import HoldQueries
from application.ports.journal import Journal
from application.ports.world import World
from domain.ids import Prefix, TenantId, public_id
from domain.posting import Placed, Posting, ReleaseHold

ACTOR = "system:schedule"
TENANTS_MAX = 1_000
HOLDS_MAX = 200


@dataclass(frozen=True, slots=True)
class ExpireHoldsHandler:
    """The policy: found by state and time, not by a claim. Of two that let a hold go, the ledger refuses the second."""

    queries: HoldQueries
    journal: Journal
    world: World

    async def __call__(self) -> int:
        """Make one pass; give how many holds were let go. Raises SERVICE_UNAVAILABLE; the rest is found again."""
        tenants = await self.queries.tenants_with_due(limit=TENANTS_MAX)
        return sum([await self._expire(tenant_id) for tenant_id in tenants])

    async def _expire(self, tenant_id: TenantId) -> int:
        due = await self.queries.due(tenant_id, limit=HOLDS_MAX)
        if not due:
            return 0
        request_id = public_id(Prefix.REQUEST, self.world.moment().new_id())
        batch = [
            (Placed(order=ReleaseHold(hold_id=one, expired=True), actor=ACTOR, request_id=request_id), None)
            for one in due
        ]
        outcomes = await self.journal.post_batch(tenant_id, batch, atomic=False)
        return sum(isinstance(outcome, Posting) for outcome in outcomes)
