"""The objects that Stripe tells of, as far as they are read: what is absent at an imitation may be absent here."""

from enum import StrEnum
from typing import Annotated

import msgspec

from adapters.providerkit.amounts import from_wire
from adapters.providers.stripe.client import Address, Id
from adapters.providers.stripe.currencies import MOVEMENTS
from domain.money import Money

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Code = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,100}\Z")]
Metadata = dict[str, str] | None

KEY = "operation_key"
PAYMENT = "payment_id"
ACCOUNT = "account"


class Charge(msgspec.Struct, frozen=True):
    """What an intent took. `amount_refunded` counts what a partial capture let go, at some versions."""

    id: Id
    amount: Count
    amount_refunded: Count = 0
    amount_captured: Count | None = None


class Redirect(msgspec.Struct, frozen=True):
    """Where the customer is sent."""

    url: Address


class NextAction(msgspec.Struct, frozen=True):
    """What the customer must do; types without an address need Stripe.js."""

    type: str
    redirect_to_url: Redirect | None = None


class PaymentError(msgspec.Struct, frozen=True):
    """Why a payment failed last."""

    code: Code | None = None
    decline_code: Code | None = None
    message: str | None = None
    type: str | None = None


class IntentStatus(StrEnum):
    """What a payment intent is."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Intent(msgspec.Struct, frozen=True):
    """A payment intent; `latest_charge` is its name, or the whole charge where it is expanded."""

    id: Id
    amount: Count
    currency: str
    status: IntentStatus
    metadata: Metadata = None
    capture_method: str | None = None
    amount_received: Count | None = None
    latest_charge: str | Charge | None = None
    next_action: NextAction | None = None
    last_payment_error: PaymentError | None = None
    client_secret: str | None = None

    def authorized(self) -> Money | None:
        """Give the amount of the whole intent; None when it is none that exists."""
        return stated(self.currency, self.amount)

    def received(self) -> Money | None:
        """Give what was taken, by the first of the fields that tell it; None when none does."""
        charge = self.latest_charge if isinstance(self.latest_charge, Charge) else None
        if self.amount_received is not None:
            return stated(self.currency, self.amount_received)
        if charge is None:
            return None
        if charge.amount_captured is not None:
            return stated(self.currency, charge.amount_captured)
        return stated(self.currency, max(0, charge.amount - charge.amount_refunded))


class RefundStatus(StrEnum):
    """What a refund is."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Refund(msgspec.Struct, frozen=True):
    """A refund."""

    id: Id
    amount: Count
    currency: str
    status: RefundStatus
    metadata: Metadata = None
    charge: str | None = None
    payment_intent: str | None = None
    failure_reason: Code | None = None


class PayoutStatus(StrEnum):
    """What a payout is. One that was paid may still fail, when the bank sends it back."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class Payout(msgspec.Struct, frozen=True):
    """A payout."""

    id: Id
    amount: Count
    currency: str
    status: PayoutStatus
    metadata: Metadata = None
    failure_code: Code | None = None
    failure_message: str | None = None


class Listed(msgspec.Struct, frozen=True):
    """One object in a list: enough to tell whose it is."""

    id: Id
    metadata: Metadata = None


class Page(msgspec.Struct, frozen=True):
    """One page of a list."""

    data: tuple[msgspec.Raw, ...]
    has_more: bool


def key_of(metadata: Metadata) -> str | None:
    """Give the key of ours that an object carries; None when it carries none."""
    return None if metadata is None else metadata.get(KEY)


def is_of(metadata: Metadata, payment_id: str) -> bool:
    """Whether an object is of that payment of ours, or does not say of which it is."""
    return metadata is None or metadata.get(PAYMENT, payment_id) == payment_id


def stated(currency: str, value: int) -> Money | None:
    """Read an amount as Stripe states it; None for a currency that it does not count, or parts of a unit."""
    rule = MOVEMENTS.get(currency.upper())
    return None if rule is None else from_wire(rule, value)
