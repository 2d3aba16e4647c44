"""Reading what was booked and what is held: ledger transactions with their entries, and holds."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId, PaymentId, PayoutId, QuoteId, RefundId, TenantId
from domain.ledger import HoldState
from domain.posting import BookedLeg


class BookedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger transaction as it was booked, and the transaction that reversed it, if one did."""

    id: LedgerTransactionId
    kind: str
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    hold_id: HoldId | None = None
    reverses_id: LedgerTransactionId | None = None
    reversed_by_id: LedgerTransactionId | None = None
    quote_id: QuoteId | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    effective_at: datetime
    recorded_at: datetime
    entries: tuple[BookedLeg, ...]
    payout_id: PayoutId | None = None


class TransactionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which transactions to list: every given condition must hold; times are UTC, `recorded_from` inclusive."""

    reference: str | None = None
    account_id: LedgerAccountId | None = None
    kind: str | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None


class TransactionQueries(Protocol):
    """Reads of ledger transactions."""

    async def get(self, tenant_id: TenantId, transaction_id: LedgerTransactionId) -> BookedTransaction:
        """Read a transaction with its entries. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, wanted: TransactionFilter, *, before: LedgerTransactionId | None, limit: int
    ) -> tuple[BookedTransaction, ...]:
        """List transactions, newest first, after `before`: in the order of recording on one account, else of ids."""
        ...


class HeldAmount(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as it stands, in minor units of its currency."""

    id: HoldId
    payment_id: UUID | None
    debit_account_id: LedgerAccountId
    credit_account_id: LedgerAccountId
    currency: str
    amount_minor: int
    posted_minor: int
    released_minor: int
    state: HoldState
    expires_at: datetime | None
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    payout_id: UUID | None = None


class HoldFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which holds to list: every given condition must hold; `account_id` on either side."""

    account_id: LedgerAccountId | None = None
    state: HoldState | None = None
    reference: str | None = None


class HoldQueries(Protocol):
    """Reads of holds."""

    async def get(self, tenant_id: TenantId, hold_id: HoldId) -> HeldAmount:
        """Read a hold. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, wanted: HoldFilter, *, before: HoldId | None, limit: int
    ) -> tuple[HeldAmount, ...]:
        """List holds, newest first, older than `before`."""
        ...

    async def tenants_with_due(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants that have open holds whose time is over, by the database's clock."""
        ...

    async def due(self, tenant_id: TenantId, *, limit: int) -> tuple[HoldId, ...]:
        """Give open holds whose time is over, the oldest first; not those of payments. Nothing is claimed."""
        ...
