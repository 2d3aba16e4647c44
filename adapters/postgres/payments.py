"""Reading payments from PostgreSQL: whole dossiers in one round trip, pages along the time-ordered key."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, column, select, table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.payments import BookedEntry, PaymentFilter, PaymentQueries, PaymentRepository
from domain.dossier import Dossier
from domain.errors import NOT_FOUND, MediatorError
from domain.events import Event
from domain.ids import OperationId, PaymentId, Prefix, ProviderAccountId, TenantId, public_id
from domain.payments import Payment
from domain.providers import OperationKind

payments = table("payments", *(column(name) for name in Payment.__struct_fields__), schema="fm")

READ_DOSSIER = text("select fm.read_dossier(:tenant, :payment, :operation)::text")
FIND_OPERATION = text("select id from fm.provider_operations where tenant_id = :tenant and key = :key")
FIND_BY_NAME = text(
    """
    select o.id from fm.provider_operations o
      join fm.payment_attempts a on a.tenant_id = o.tenant_id and a.id = o.attempt_id
    where o.tenant_id = :tenant and o.provider_reference = :reference and a.provider_account_id = :account
      and (cast(:kind as text) is null or o.kind = :kind)
    order by o.id desc limit 50
    """
)
FIND_BY_CHARGE = text(
    """
    select o.id from fm.payment_attempts a
      join fm.provider_operations o
        on o.tenant_id = a.tenant_id and o.payment_id = a.payment_id and o.attempt_id = a.id
    where a.tenant_id = :tenant and a.provider_account_id = :account and a.provider_reference = :reference
      and (cast(:kind as text) is null or o.kind = :kind)
    order by o.id desc limit 50
    """
)
EVENTS = text(
    "select body::text from fm.events where tenant_id = :tenant and payment_id = :payment order by recorded_at, id"
)
ENTRIES = text(
    """
    select e.transaction_id, e.line, t.kind, e.payment_id, t.refund_id, e.account_id, a.code as account_code,
      e.direction, e.amount_minor, e.currency, e.balance_minor, e.account_version, t.reference, t.effective_at,
      e.recorded_at
    from fm.entries e
      join fm.ledger_transactions t
        on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
      join fm.ledger_accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
    where e.tenant_id = :tenant and e.payment_id = :payment
    order by e.recorded_at, e.transaction_id, e.line
    """
)
CLOCK_SLACK = timedelta(seconds=2)
"""An id is made within this time of the moment that is written beside it."""


class PostgresPaymentRepository(PaymentRepository):
    """Reads a dossier with one call, as of one snapshot."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Dossier:
        """Read a payment with all that belongs to it. Raises NOT_FOUND."""
        found = await self._read(tenant_id, payment_id, None)
        if found is None:
            raise MediatorError(NOT_FOUND, f"There is no payment {public_id(Prefix.PAYMENT, payment_id)}.")
        return found

    async def get_by_operation(self, tenant_id: TenantId, operation_id: OperationId) -> Dossier:
        """Read the payment that an operation belongs to. Raises NOT_FOUND."""
        found = await self._read(tenant_id, None, operation_id)
        if found is None:
            raise MediatorError(NOT_FOUND, f"There is no operation {public_id(Prefix.OPERATION, operation_id)}.")
        return found

    async def find_operation(self, tenant_id: TenantId, key: str) -> OperationId | None:
        """Find an operation by its outbound idempotency key."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = await connection.execute(FIND_OPERATION, {"tenant": tenant_id, "key": key})
            value = found.scalar_one_or_none()
        return None if value is None else OperationId(value)

    async def find_operations(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        kind: OperationKind | None,
        provider_reference: str | None = None,
        operation_reference: str | None = None,
    ) -> tuple[OperationId, ...]:
        """Find operations along the index of the reference that is given."""
        statement = FIND_BY_CHARGE if operation_reference is None else FIND_BY_NAME
        values = {
            "tenant": tenant_id,
            "account": provider_account_id,
            "reference": operation_reference or provider_reference,
            "kind": kind,
        }
        async with tenant_reads(self._engine, tenant_id) as connection:
            return tuple(OperationId(one) for one in (await connection.execute(statement, values)).scalars())

    async def _read(self, tenant_id: TenantId, payment: UUID | None, operation: UUID | None) -> Dossier | None:
        values = {"tenant": tenant_id, "payment": payment, "operation": operation}
        document = (await called(self._engine, READ_DOSSIER, values))[0][0]
        return None if document is None else msgspec.json.decode(document, type=Dossier)


class PostgresPaymentQueries(PaymentQueries):
    """Reads for lists and histories."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def page(
        self, tenant_id: TenantId, wanted: PaymentFilter, *, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """List payments, newest first, along (tenant_id, [filtered column,] id)."""
        conditions = [payments.c.tenant_id == tenant_id, *_conditions(wanted)]
        if before is not None:
            conditions.append(payments.c.id < before)
        statement = select(payments).where(and_(*conditions)).order_by(payments.c.id.desc()).limit(limit)
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(msgspec.convert(dict(row), Payment) for row in rows)

    async def events(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[Event, ...]:
        """Give all that happened to a payment, in order."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = await connection.execute(EVENTS, {"tenant": tenant_id, "payment": payment_id})
            return tuple(msgspec.json.decode(body, type=Event) for body in rows.scalars())

    async def entries(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payment, in order."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = await connection.execute(ENTRIES, {"tenant": tenant_id, "payment": payment_id})
            return tuple(msgspec.convert(dict(row), BookedEntry) for row in rows.mappings())


def _conditions(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    """Write a filter as conditions; times also bound the id, which is what the index is ordered by."""
    given = {
        "state": wanted.state,
        "provider": wanted.provider,
        "currency": wanted.currency,
        "reference": wanted.reference,
    }
    conditions = [payments.c[name] == value for name, value in given.items() if value is not None]
    if wanted.created_from is not None:
        conditions.append(payments.c.created_at >= wanted.created_from)
        conditions.append(payments.c.id >= earliest_id(wanted.created_from, -CLOCK_SLACK))
    if wanted.created_before is not None:
        conditions.append(payments.c.created_at < wanted.created_before)
        conditions.append(payments.c.id < earliest_id(wanted.created_before, CLOCK_SLACK))
    return conditions


def earliest_id(moment: datetime, slack: timedelta = timedelta()) -> UUID:
    """Give the lowest UUIDv7 of a millisecond, so much later (RFC 9562 §5.7); out of range, the nearest there is."""
    milliseconds = min(max(int((moment.timestamp() + slack.total_seconds()) * 1000), 0), 2**48 - 1)
    return UUID(int=milliseconds << 80)
