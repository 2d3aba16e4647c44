"""End the quotes that nobody reserved in time."""

from dataclasses import dataclass

from application.ports.fx import QuoteExpiry

TENANTS_MAX = 1_000
QUOTES_MAX = 500


@dataclass(frozen=True, slots=True)
class ExpireQuotesHandler:
    """The policy: found by state and time, tenant by tenant; a quote that is reserved is never touched."""

    expiry: QuoteExpiry

    async def __call__(self) -> int:
        """Make one pass; give how many quotes were ended. Raises SERVICE_UNAVAILABLE; the rest is found again."""
        tenants = await self.expiry.due_tenants(limit=TENANTS_MAX)
        return sum([await self.expiry.expire(tenant_id, limit=QUOTES_MAX) for tenant_id in tenants])
