"""The outbox in memory."""

from datetime import timedelta

import msgspec

from application.ports.outbox import Outbox, OutboxMessage
from domain.authorizing import UNSENT_LIFETIME
from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId
from domain.payments import PaymentState
from tests.fakes.tables import MemoryDatabase


class MemoryOutbox(Outbox):
    """Claims work with a lease on the database's clock."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Claim from this database."""
        self._database = database

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants with work that is due."""
        return tuple([one for one in self._database.tenants if self._is_due(one)][:limit])

    async def claim_events(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[OutboxMessage, ...]:
        """Claim events of one tenant in their order."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        waiting = [one for one in tables.outbox.values() if one.claimed_until is None or one.claimed_until < now]
        claimed = sorted(waiting, key=lambda one: one.event_id)[:limit]
        until = now + timedelta(seconds=lease_seconds)
        for row in claimed:
            tables.outbox[row.event_id] = msgspec.structs.replace(row, claimed_until=until)
        return tuple(OutboxMessage(tenant_id, row.event_id, row.tag) for row in claimed)

    async def events_given(self, tenant_id: TenantId, event_ids: tuple[EventId, ...]) -> None:
        """Forget events that were given on; the events themselves stay."""
        for event_id in event_ids:
            self._database.tables(tenant_id).outbox.pop(event_id, None)

    async def claim_operations(
        self, tenant_id: TenantId, *, limit: int, lease_seconds: float
    ) -> tuple[OperationId, ...]:
        """Claim open operations whose next query is due."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        claimed = self._due_operations(tenant_id)[:limit]
        for operation_id in claimed:
            tables.query_claims[operation_id] = now + timedelta(seconds=lease_seconds)
        return tuple(claimed)

    async def claim_payouts(self, tenant_id: TenantId, *, limit: int, lease_seconds: float) -> tuple[PayoutId, ...]:
        """Claim payouts that are to be asked about, or to be sent again, by now."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        claimed = self._due_payouts(tenant_id)[:limit]
        for payout_id in claimed:
            tables.payout_claims[payout_id] = now + timedelta(seconds=lease_seconds)
        return tuple(claimed)

    async def claim_unsent(self, tenant_id: TenantId, *, limit: int, age_seconds: float) -> tuple[PaymentId, ...]:
        """Give payments that never reached a provider and are older than that."""
        return tuple(self._unsent(tenant_id, timedelta(seconds=age_seconds))[:limit])

    async def forget_keys(self, *, age_seconds: float, limit: int) -> int:
        """Forget idempotency keys that are older than that and not in use."""
        oldest = self._database.clock() - timedelta(seconds=age_seconds)
        forgotten = 0
        for tables in self._database.all_tables():
            old = [key for key, one in tables.keys.items() if one.created_at < oldest and one.state != "started"]
            for key in old[: limit - forgotten]:
                del tables.keys[key]
                forgotten += 1
        return forgotten

    async def ensure_partitions(self, months: int) -> int:
        """Make nothing: memory has no parts."""
        return 0

    def _is_due(self, tenant_id: TenantId) -> bool:
        now = self._database.clock()
        rows = self._database.tables(tenant_id).outbox.values()
        has_events = any(row.claimed_until is None or row.claimed_until < now for row in rows)
        is_open = bool(self._due_operations(tenant_id)) or bool(self._due_payouts(tenant_id))
        return has_events or is_open or bool(self._unsent(tenant_id, UNSENT_LIFETIME))

    def _due_payouts(self, tenant_id: TenantId) -> list[PayoutId]:
        tables, now = self._database.tables(tenant_id), self._database.clock()
        due = [
            (one.next_step_at, one.payout_id)
            for one in tables.payout_operations.values()
            if one.next_step_at is not None
            and one.next_step_at <= now
            and not (one.payout_id in tables.payout_claims and tables.payout_claims[one.payout_id] >= now)
        ]
        return [payout_id for _, payout_id in sorted(due)]

    def _due_operations(self, tenant_id: TenantId) -> list[OperationId]:
        tables, now = self._database.tables(tenant_id), self._database.clock()
        due = [
            (one.next_query_at, one.id)
            for one in tables.operations.values()
            if one.next_query_at is not None
            and one.next_query_at <= now
            and not (one.id in tables.query_claims and tables.query_claims[one.id] >= now)
        ]
        return [operation_id for _, operation_id in sorted(due)]

    def _unsent(self, tenant_id: TenantId, age: timedelta) -> list[PaymentId]:
        payments, now = self._database.tables(tenant_id).payments.values(), self._database.clock()
        return sorted(one.id for one in payments if one.state is PaymentState.CREATED and one.created_at < now - age)
