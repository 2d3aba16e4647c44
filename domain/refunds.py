"""A refund: money of a captured payment on its way back to the customer."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import HoldId, PaymentId, RefundId, TenantId
from domain.money import Currency, Money


class RefundState(StrEnum):
    """The public state of a refund (money.md §3)."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Part or all of a capture, given back. Pending and succeeded refunds together never exceed the capture."""

    tenant_id: TenantId
    id: RefundId
    payment_id: PaymentId
    version: int
    state: RefundState
    currency: Currency
    amount_minor: int
    reason: str | None
    failure_code: str | None
    hold_id: HoldId
    created_at: datetime
    updated_at: datetime

    @property
    def amount(self) -> Money:
        """What is given back."""
        return Money(self.amount_minor, self.currency)
