"""What callers say and are told of holds."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.ledger.place_hold import PlacedHold
from application.ports.bookings import HeldAmount
from domain.ids import Prefix, public_id
from domain.ledger import HoldState
from entrypoints.http.shapes import BigMinorUnits, CurrencyCode, Instant, exact, utc
from entrypoints.http.words import AccountIn, AmountIn, CurrencyIn, Line, Metadata, Moment


class PlaceHoldIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to hold, from which account for which other, and until when."""

    debit_account: AccountIn
    credit_account: AccountIn
    amount: AmountIn
    currency: CurrencyIn
    expires_at: Annotated[Moment | None, Meta(description="When it is let go by itself; never if null.")] = None
    reference: Annotated[Line | None, Meta(description="Your own reference, used for one hold only.")] = None
    description: Line | None = None
    metadata: Metadata = {}


class PostHoldIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a hold to book, and whether anything more will follow."""

    amount: Annotated[AmountIn | None, Meta(description="All that is left when null.")] = None
    final: Annotated[bool, Meta(description="Let go of what is not booked.")] = False


class HoldOut(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as it stands: `amount_remaining` counts against what is available on the debited account."""

    id: Annotated[str, Meta(examples=["hld_0198c5a0b1c27d3e8f00112233445566"])]
    state: HoldState
    debit_account_id: str
    credit_account_id: str
    amount: BigMinorUnits
    currency: CurrencyCode
    amount_posted: BigMinorUnits
    amount_released: BigMinorUnits
    amount_remaining: BigMinorUnits
    payment_id: Annotated[str | None, Meta(description="The payment that it belongs to; only it can change it then.")]
    expires_at: Instant | None
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    created_at: Instant
    updated_at: Instant


class HoldPageOut(msgspec.Struct, frozen=True):
    """A page of holds, newest first. `next_cursor` is null on the last page."""

    data: tuple[HoldOut, ...]
    next_cursor: str | None


def placed_out(placed: PlacedHold) -> HoldOut:
    """Show a hold as it was placed: the same facts give the same bytes, whatever became of it since."""
    order, posting = placed.order, placed.posting
    hold_id = order.hold_id if posting.hold is None else posting.hold.id
    return HoldOut(
        id=public_id(Prefix.HOLD, hold_id),
        state=HoldState.PENDING,
        debit_account_id=public_id(Prefix.LEDGER_ACCOUNT, order.debit_account_id),
        credit_account_id=public_id(Prefix.LEDGER_ACCOUNT, order.credit_account_id),
        amount=exact(order.amount_minor),
        currency=order.currency,
        amount_posted=0,
        amount_released=0,
        amount_remaining=exact(order.amount_minor),
        payment_id=None,
        expires_at=None if order.expires_at is None else utc(order.expires_at),
        reference=order.reference,
        description=order.description,
        metadata=order.metadata,
        created_at=utc(posting.recorded_at),
        updated_at=utc(posting.recorded_at),
    )


def hold_out(hold: HeldAmount) -> HoldOut:
    """Show a hold as it stands."""
    return HoldOut(
        id=public_id(Prefix.HOLD, hold.id),
        state=hold.state,
        debit_account_id=public_id(Prefix.LEDGER_ACCOUNT, hold.debit_account_id),
        credit_account_id=public_id(Prefix.LEDGER_ACCOUNT, hold.credit_account_id),
        amount=exact(hold.amount_minor),
        currency=hold.currency,
        amount_posted=exact(hold.posted_minor),
        amount_released=exact(hold.released_minor),
        amount_remaining=exact(hold.amount_minor - hold.posted_minor - hold.released_minor),
        payment_id=None if hold.payment_id is None else public_id(Prefix.PAYMENT, hold.payment_id),
        expires_at=None if hold.expires_at is None else utc(hold.expires_at),
        reference=hold.reference,
        description=hold.description,
        metadata=hold.metadata,
        created_at=utc(hold.created_at),
        updated_at=utc(hold.updated_at),
    )
