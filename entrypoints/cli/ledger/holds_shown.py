"""How holds are printed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from application.ledger.place_hold import PlacedHold
from application.ports.bookings import HeldAmount
from domain.ids import Prefix, public_id
from domain.ledger import HoldState
from entrypoints.cli.ledger.showing import Exact, card, exact, grid, instant, metadata_in_line, money


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as it stands, in minor units."""

    id: str
    state: str
    debit_account_id: str
    credit_account_id: str
    currency: str
    amount: Exact
    amount_posted: Exact
    amount_released: Exact
    amount_remaining: Exact
    payment_id: str | None
    expires_at: datetime | None
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


def placed_shown(placed: PlacedHold) -> HoldShown:
    """Show a hold as it was placed."""
    order, posting = placed.order, placed.posting
    return hold_shown(
        HeldAmount(
            id=order.hold_id if posting.hold is None else posting.hold.id,
            payment_id=None,
            debit_account_id=order.debit_account_id,
            credit_account_id=order.credit_account_id,
            currency=order.currency,
            amount_minor=order.amount_minor,
            posted_minor=0,
            released_minor=0,
            state=HoldState.PENDING,
            expires_at=order.expires_at,
            reference=order.reference,
            description=order.description,
            metadata=order.metadata,
            created_at=posting.recorded_at,
            updated_at=posting.recorded_at,
        )
    )


def hold_shown(hold: HeldAmount) -> HoldShown:
    """Show a hold."""
    return HoldShown(
        id=public_id(Prefix.HOLD, hold.id),
        state=hold.state.value,
        debit_account_id=public_id(Prefix.LEDGER_ACCOUNT, hold.debit_account_id),
        credit_account_id=public_id(Prefix.LEDGER_ACCOUNT, hold.credit_account_id),
        currency=hold.currency,
        amount=exact(hold.amount_minor),
        amount_posted=exact(hold.posted_minor),
        amount_released=exact(hold.released_minor),
        amount_remaining=exact(hold.amount_minor - hold.posted_minor - hold.released_minor),
        payment_id=None if hold.payment_id is None else public_id(Prefix.PAYMENT, hold.payment_id),
        expires_at=hold.expires_at,
        reference=hold.reference,
        description=hold.description,
        metadata=hold.metadata,
        created_at=hold.created_at,
        updated_at=hold.updated_at,
    )


def hold_card(shown: HoldShown) -> Table:
    """Tell one hold."""
    facts = {
        "id": shown.id,
        "state": shown.state,
        "debit account": shown.debit_account_id,
        "credit account": shown.credit_account_id,
        "amount": money(shown.amount, shown.currency),
        "posted": money(shown.amount_posted, shown.currency),
        "released": money(shown.amount_released, shown.currency),
        "remaining": money(shown.amount_remaining, shown.currency),
        "payment": shown.payment_id,
        "expires at": instant(shown.expires_at),
        "reference": shown.reference,
        "description": shown.description,
        "metadata": metadata_in_line(shown.metadata),
        "placed at": instant(shown.created_at),
    }
    return card("Hold", facts)


def hold_table(found: Sequence[HoldShown]) -> Table:
    """Tell many holds."""
    columns = ("placed at", "hold", "state", "amount", "posted", "released", "remaining", "expires at", "reference")
    rows = (
        (
            instant(one.created_at),
            one.id,
            one.state,
            money(one.amount, one.currency),
            money(one.amount_posted, one.currency),
            money(one.amount_released, one.currency),
            money(one.amount_remaining, one.currency),
            instant(one.expires_at),
            one.reference or "",
        )
        for one in found
    )
    return grid("Holds", columns, rows, right=("amount", "posted", "released", "remaining"))
