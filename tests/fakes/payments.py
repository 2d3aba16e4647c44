"""Reading payments from memory."""

import asyncio

from application.ports.payments import BookedEntry, PaymentFilter, PaymentQueries, PaymentRepository
from domain.dossier import Dossier
from domain.errors import NOT_FOUND, MediatorError
from domain.events import Event
from domain.ids import OperationId, PaymentId, ProviderAccountId, TenantId
from domain.payments import Payment
from domain.providers import OperationKind
from tests.fakes.tables import MemoryDatabase


class MemoryPaymentRepository(PaymentRepository):
    """Reads dossiers, and lets other tasks run first, as a real reader does."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Dossier:
        """Read a payment with all that belongs to it. Raises NOT_FOUND."""
        await asyncio.sleep(0)
        tables = self._database.tables(tenant_id)
        if payment_id not in tables.payments:
            raise MediatorError(NOT_FOUND, "There is no such payment.")
        return tables.dossier(payment_id)

    async def get_by_operation(self, tenant_id: TenantId, operation_id: OperationId) -> Dossier:
        """Read the payment that an operation belongs to. Raises NOT_FOUND."""
        await asyncio.sleep(0)
        tables = self._database.tables(tenant_id)
        if operation_id not in tables.operations:
            raise MediatorError(NOT_FOUND, "There is no such operation.")
        return tables.dossier(tables.operations[operation_id].payment_id)

    async def find_operation(self, tenant_id: TenantId, key: str) -> OperationId | None:
        """Find an operation by its outbound idempotency key."""
        for operation in self._database.tables(tenant_id).operations.values():
            if operation.key == key:
                return operation.id
        return None

    async def find_operations(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        kind: OperationKind | None,
        provider_reference: str | None = None,
        operation_reference: str | None = None,
    ) -> tuple[OperationId, ...]:
        """Find operations by the provider's words."""
        tables = self._database.tables(tenant_id)
        found = []
        for one in tables.operations.values():
            attempt = tables.attempts[one.attempt_id]
            named = attempt.provider_reference if operation_reference is None else one.provider_reference
            here = attempt.provider_account_id == provider_account_id and kind in {None, one.kind}
            if here and named is not None and named == (operation_reference or provider_reference):
                found.append(one.id)
        return tuple(sorted(found, reverse=True)[:50])


class MemoryPaymentQueries(PaymentQueries):
    """Reads pages and histories."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def page(
        self, tenant_id: TenantId, wanted: PaymentFilter, *, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """List payments, newest first, older than `before`."""
        payments = self._database.tables(tenant_id).payments.values()
        found = [one for one in payments if _matches(one, wanted) and (before is None or one.id < before)]
        return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])

    async def events(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[Event, ...]:
        """Give all that happened to a payment, in order."""
        events = self._database.tables(tenant_id).events.values()
        return tuple(one for one in events if getattr(one, "payment_id", None) == payment_id)

    async def entries(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payment, in order."""
        entries = self._database.tables(tenant_id).books.entries
        return tuple(one for one in entries if one.payment_id == payment_id)


def _matches(payment: Payment, wanted: PaymentFilter) -> bool:
    named = ("state", "provider", "currency", "reference")
    if any(getattr(wanted, name) not in (None, getattr(payment, name)) for name in named):
        return False
    if wanted.created_from is not None and payment.created_at < wanted.created_from:
        return False
    return wanted.created_before is None or payment.created_at < wanted.created_before
