"""Work that waits in PostgreSQL: events, open operations, unsent payments; claimed for one tenant at a time."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.outbox import Outbox, OutboxMessage
from domain.authorizing import UNSENT_LIFETIME
from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId

DUE_TENANTS = text("select fm_ops.due_tenants(:limit, :unsent)")
CLAIM_EVENTS = text("select event_id, tag from fm.claim_events(:tenant, :limit, :lease)")
EVENTS_GIVEN = text("select fm.events_given(:tenant, :events)")
CLAIM_OPERATIONS = text("select operation_id from fm.claim_operations(:tenant, :limit, :lease)")
CLAIM_PAYOUTS = text("select payout_id from fm.claim_payouts(:tenant, :limit, :lease)")
UNSENT = text(
    """
    select id from fm.payments
    where tenant_id = :tenant and state = 'created'
      and created_at < clock_timestamp() - make_interval(secs => :age)
    order by id limit :limit
    """
)
FORGET_KEYS = text("select fm_ops.forget_keys(:age, :limit)")
ENSURE_PARTITIONS = text("select fm_ops.ensure_partitions(:months)")


class PostgresOutbox(Outbox):
    """Claims work with functions that lock within one tenant only (rule C5)."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants with work that is due."""
        values = {"limit": limit, "unsent": UNSENT_LIFETIME.total_seconds()}
        return tuple(TenantId(row[0]) for row in await called(self._engine, DUE_TENANTS, values))

    async def claim_events(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[OutboxMessage, ...]:
        """Claim events of one tenant in their order."""
        rows = await called(self._engine, CLAIM_EVENTS, {"tenant": tenant_id, "limit": limit, "lease": lease_seconds})
        return tuple(sorted((OutboxMessage(tenant_id, EventId(row[0]), row[1]) for row in rows), key=_by_event))

    async def events_given(self, tenant_id: TenantId, event_ids: tuple[EventId, ...]) -> None:
        """Mark events as given on."""
        await called(self._engine, EVENTS_GIVEN, {"tenant": tenant_id, "events": list(event_ids)})

    async def claim_operations(
        self, tenant_id: TenantId, *, limit: int, lease_seconds: float
    ) -> tuple[OperationId, ...]:
        """Claim open operations whose next query is due."""
        rows = await called(
            self._engine, CLAIM_OPERATIONS, {"tenant": tenant_id, "limit": limit, "lease": lease_seconds}
        )
        return tuple(OperationId(row[0]) for row in rows)

    async def claim_payouts(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[PayoutId, ...]:
        """Claim payouts that are to be asked about, or to be sent again, by now."""
        values = {"tenant": tenant_id, "limit": limit, "lease": lease_seconds}
        return tuple(PayoutId(row[0]) for row in await called(self._engine, CLAIM_PAYOUTS, values))

    async def claim_unsent(self, tenant_id: TenantId, *, limit: int, age_seconds: float) -> tuple[PaymentId, ...]:
        """Give payments that never reached a provider and are older than that."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            values = {"tenant": tenant_id, "limit": limit, "age": age_seconds}
            return tuple(PaymentId(value) for value in (await connection.execute(UNSENT, values)).scalars())

    async def forget_keys(self, *, age_seconds: float, limit: int) -> int:
        """Forget one batch of old idempotency keys."""
        return int((await called(self._engine, FORGET_KEYS, {"age": age_seconds, "limit": limit}))[0][0])

    async def ensure_partitions(self, months: int) -> int:
        """Make the parts of the big tables for this month and so many after it; give how many were made."""
        return int((await called(self._engine, ENSURE_PARTITIONS, {"months": months}))[0][0])


def _by_event(message: OutboxMessage) -> bytes:
    return message.event_id.bytes
