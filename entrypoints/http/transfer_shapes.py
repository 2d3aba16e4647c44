"""What callers are told of transfers: pure, so that every door to them speaks alike."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ledger.make_transfer import BookedTransfer
from application.ledger.orders import MakeTransfer
from application.ledger.post_hold import PostedHold
from application.ledger.reverse_transaction import BookedReversal
from application.ports.bookings import BookedTransaction
from application.ports.journal import Answer
from domain.errors import FieldError, MediatorError
from domain.ids import LedgerAccountId, Prefix, public_id
from domain.ledger import Direction
from domain.posting import CODES, BookedLeg, Posting, Reason, Refusal
from entrypoints.http.shapes import BigMinorUnits, CurrencyCode, Instant, exact, utc

JSON: Final = "application/json"
OK, CREATED = 200, 201


class TransferEntryOut(msgspec.Struct, frozen=True, gc=False):
    """One entry of a transfer."""

    line: int
    account_id: str
    direction: Direction
    amount: BigMinorUnits
    currency: CurrencyCode
    balance: Annotated[BigMinorUnits, Meta(description="Posted on the account after this entry, on its normal side.")]
    account_version: int


class TransferOut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A ledger transaction with its entries."""

    id: Annotated[str, Meta(examples=["ltx_0198c5a0b1c27d3e8f00112233445566"])]
    kind: Annotated[str, Meta(description="What it is: transfer, hold_posting, reversal, capture, refund, ...")]
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_id: str | None = None
    refund_id: str | None = None
    hold_id: str | None = None
    quote_id: str | None = None
    reverses_id: str | None = None
    reversed_by_id: str | None = None
    effective_at: Instant
    recorded_at: Instant
    entries: tuple[TransferEntryOut, ...]
    dry_run: Annotated[bool, Meta(description="True when nothing was booked.")] | UnsetType = UNSET


class TransferPageOut(msgspec.Struct, frozen=True):
    """A page of transfers, newest first. `next_cursor` is null on the last page."""

    data: tuple[TransferOut, ...]
    next_cursor: str | None


def refused(refusal: Refusal, pointers: Sequence[str] = ()) -> MediatorError:
    """Say a refusal of the ledger as the error that callers see, pointing at the leg (`pointers` in their order)."""
    entry, detail = CODES[refusal.reason]
    if refusal.reason is Reason.REFERENCE_USED:
        return MediatorError(entry, detail, errors=(FieldError("/reference", detail),))
    if not 1 <= refusal.leg <= len(pointers):
        return MediatorError(entry, detail)
    pointer = pointers[refusal.leg - 1]
    return MediatorError(entry, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))


def pointers_of(command: MakeTransfer) -> tuple[str, ...]:
    """Say where each leg stood in the request."""
    return tuple(leg.pointer for leg in command.legs)


def transfer_out(booked: BookedTransfer, *, dry_run: bool = False) -> TransferOut:
    """Show a transfer from what was asked for and what was booked: the same facts give the same bytes."""
    order, posting = booked.order, booked.posting
    recorded_at = utc(posting.recorded_at)
    return TransferOut(
        id=_transaction_id(posting),
        kind=order.kind,
        reference=order.reference,
        description=order.description,
        metadata=order.metadata,
        effective_at=recorded_at if order.effective_at is None else utc(order.effective_at),
        recorded_at=recorded_at,
        entries=_entries(posting.entries),
        dry_run=dry_run or UNSET,
    )


def reversal_out(booked: BookedReversal) -> TransferOut:
    """Show a reversal."""
    order, posting = booked.order, booked.posting
    return TransferOut(
        id=_transaction_id(posting),
        kind="reversal",
        description=order.description,
        metadata=order.metadata,
        reverses_id=public_id(Prefix.LEDGER_TRANSACTION, order.reverses_id),
        effective_at=utc(posting.recorded_at),
        recorded_at=utc(posting.recorded_at),
        entries=_entries(posting.entries),
    )


def hold_posting_out(posted: PostedHold) -> TransferOut:
    """Show what was booked of a hold."""
    posting = posted.posting
    return TransferOut(
        id=_transaction_id(posting),
        kind="hold_posting",
        hold_id=public_id(Prefix.HOLD, posted.order.hold_id),
        effective_at=utc(posting.recorded_at),
        recorded_at=utc(posting.recorded_at),
        entries=_entries(posting.entries),
    )


def booked_out(transaction: BookedTransaction) -> TransferOut:
    """Show a transaction as it was read."""
    return TransferOut(
        id=public_id(Prefix.LEDGER_TRANSACTION, transaction.id),
        kind=transaction.kind,
        reference=transaction.reference,
        description=transaction.description,
        metadata=transaction.metadata or {},
        payment_id=None if transaction.payment_id is None else public_id(Prefix.PAYMENT, transaction.payment_id),
        refund_id=None if transaction.refund_id is None else public_id(Prefix.REFUND, transaction.refund_id),
        hold_id=None if transaction.hold_id is None else public_id(Prefix.HOLD, transaction.hold_id),
        quote_id=None if transaction.quote_id is None else public_id(Prefix.FX_QUOTE, transaction.quote_id),
        reverses_id=_optional_transaction(transaction.reverses_id),
        reversed_by_id=_optional_transaction(transaction.reversed_by_id),
        effective_at=utc(transaction.effective_at),
        recorded_at=utc(transaction.recorded_at),
        entries=_entries(transaction.entries),
    )


def booked_answer(out: TransferOut, *, replayed: bool) -> Answer:
    """Answer what was booked with 201 and its address; a dry run with 200 and none."""
    if out.dry_run is True:
        return Answer(OK, JSON, encode(out))
    return Answer(CREATED, JSON, encode(out), f"/v1/transfers/{out.id}", replayed)


encode: Final = msgspec.json.Encoder().encode


def _transaction_id(posting: Posting) -> str:
    if posting.transaction_id is None:
        message = "the ledger booked a transaction and did not say which"
        raise ValueError(message)
    return f"ltx_{posting.transaction_id.hex}"


@lru_cache(maxsize=65_536)
def _account_text(account_id: LedgerAccountId) -> str:
    """Write an account's id. The same accounts are told again and again."""
    return public_id(Prefix.LEDGER_ACCOUNT, account_id)


def _optional_transaction(transaction_id: Any) -> str | None:  # noqa: ANN401 -- an id or None
    return None if transaction_id is None else public_id(Prefix.LEDGER_TRANSACTION, transaction_id)


def _entries(entries: Sequence[BookedLeg]) -> tuple[TransferEntryOut, ...]:
    return tuple(
        TransferEntryOut(
            entry.line,
            _account_text(entry.account_id),
            entry.direction,
            exact(entry.amount_minor),
            entry.currency,
            exact(entry.balance_minor),
            entry.account_version,
        )
        for entry in entries
    )
