"""Reading payments: whole, to decide on; in pages, to look at."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.dossier import Dossier
from domain.events import Event
from domain.ids import OperationId, PaymentId, ProviderAccountId, TenantId
from domain.money import Currency
from domain.payments import Payment, PaymentState
from domain.providers import OperationKind


class PaymentRepository(Protocol):
    """Reads dossiers, each as of one moment."""

    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Dossier:
        """Read a payment with all that belongs to it. Raises NOT_FOUND."""
        ...

    async def get_by_operation(self, tenant_id: TenantId, operation_id: OperationId) -> Dossier:
        """Read the payment that an operation belongs to. Raises NOT_FOUND."""
        ...

    async def find_operation(self, tenant_id: TenantId, key: str) -> OperationId | None:
        """Find an operation by its outbound idempotency key; None when it is not one of this tenant's."""
        ...

    async def find_operations(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        kind: OperationKind | None,
        provider_reference: str | None = None,
        operation_reference: str | None = None,
    ) -> tuple[OperationId, ...]:
        """Find operations at a provider account by the provider's words, of one kind or of any, newest first.

        By its own name for the operation where that is given, otherwise by that of the charge; at most 50.
        """
        ...


class PaymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments to list: every given condition must hold; times are UTC, `created_from` inclusive."""

    state: PaymentState | None = None
    provider: str | None = None
    currency: Currency | None = None
    reference: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class BookedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as booked, with its account's code. `line` numbers the entries of a transaction from 1.

    `balance_minor` is the account's posted balance after it, on its normal side; `reference` its transaction's.
    """

    transaction_id: UUID
    line: int
    kind: str
    payment_id: UUID | None
    refund_id: UUID | None
    account_id: UUID
    account_code: str
    direction: str
    amount_minor: int
    currency: str
    balance_minor: int
    account_version: int
    reference: str | None
    effective_at: datetime
    recorded_at: datetime


class PaymentQueries(Protocol):
    """Reads for people and programs that look, not decide."""

    async def page(
        self, tenant_id: TenantId, wanted: PaymentFilter, *, before: PaymentId | None, limit: int
    ) -> tuple[Payment, ...]:
        """List payments, newest first, older than `before`."""
        ...

    async def events(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[Event, ...]:
        """Give all that happened to a payment, in order."""
        ...

    async def entries(self, tenant_id: TenantId, payment_id: PaymentId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payment, in order."""
        ...
