"""What callers say and are told of batches of transfers: pure, and no more objects than there must be."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET, Meta, UnsetType

from application.ledger.make_transfer import BookedTransfer
from application.ledger.make_transfers import BatchItem, BatchOutcome
from application.ports.journal import IdempotencyKey
from domain.errors import LEDGER_BATCH_REFUSED, VAL_FIELD, FieldError, MediatorError
from domain.posting import Reason, Refusal
from entrypoints.http.edge.problems import STATUS_OF, Problem, problem_of
from entrypoints.http.transfer_requests import BatchMode, BatchTransferIn, wanted_of
from entrypoints.http.transfer_shapes import CREATED, TransferOut, encode, pointers_of, refused, transfer_out

NAMED_MAX: Final = 100
"""Most faults that the refusal of an atomic batch names."""

KEY_MAX: Final = 249
"""Longest key of a batch that leaves room for an index."""


class BatchItemOut(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one transfer of a batch: either `transfer` or `problem`."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    status: Annotated[int, Meta(description="As it would have been alone: 201, or that of the problem.")]
    transfer: TransferOut | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class TransferBatchOut(msgspec.Struct, frozen=True):
    """What became of each transfer, in the order of the request."""

    mode: BatchMode
    data: tuple[BatchItemOut, ...]


def item_of(body: BatchTransferIn, index: int, batch: IdempotencyKey) -> BatchItem:
    """Make an item of a batch; what cannot be a transfer stays in its place as its refusal.

    An item's own key stands for the item alone; a key of the batch's, with the index, for the bytes of the batch.
    Raises VAL_FIELD for an item that has none of the forms: that is no batch.
    """
    if body.idempotency_key is UNSET:
        key = IdempotencyKey(batch.route, f"{batch.key}:{index}", batch.fingerprint)
    else:
        said = encode(msgspec.structs.replace(body, idempotency_key=UNSET))
        key = IdempotencyKey(batch.route, body.idempotency_key, hashlib.sha256(said).digest())
    try:
        return BatchItem(wanted_of(body), key)
    except MediatorError as refusal:
        if refusal.entry is VAL_FIELD:
            raise
        return BatchItem(refusal, key)


def items_of(bodies: Sequence[BatchTransferIn], batch: IdempotencyKey) -> list[BatchItem]:
    """Make the items of a batch. Raises VAL_FIELD, pointing into the batch."""
    items: list[BatchItem] = []
    for index, body in enumerate(bodies):
        try:
            items.append(item_of(body, index, batch))
        except MediatorError as fault:
            entry, pointer = fault.entry, f"/transfers/{index}{fault.errors[0].pointer}"
            error = FieldError(pointer, fault.errors[0].detail)
            raise MediatorError(entry, f"{pointer}: {error.detail}", errors=(error,)) from fault
    return items


def item_out(index: int, item: BatchItem, outcome: BatchOutcome, scope: HTTPScope) -> BatchItemOut:
    """Show what became of an item."""
    if isinstance(outcome, BookedTransfer):
        return BatchItemOut(index, CREATED, transfer_out(outcome))
    error = error_of(item, outcome)
    return BatchItemOut(index, STATUS_OF[error.entry.kind], problem=problem_of(error, scope))


def error_of(item: BatchItem, outcome: Refusal | MediatorError) -> MediatorError:
    """Give what stands in the way of an item; pointers are those of the item."""
    if isinstance(outcome, MediatorError):
        return outcome
    return refused(outcome, () if isinstance(item.transfer, MediatorError) else pointers_of(item.transfer))


def batch_refused(items: Sequence[BatchItem], outcomes: Sequence[BatchOutcome]) -> MediatorError | None:
    """Give the refusal of an atomic batch, with each item that is at fault; None when all of it was booked."""
    if all(isinstance(outcome, BookedTransfer) for outcome in outcomes):
        return None
    faults: list[FieldError] = []
    for index, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
        others = isinstance(outcome, Refusal) and outcome.reason is Reason.BATCH_REFUSED
        if isinstance(outcome, BookedTransfer) or others:
            continue
        error = error_of(item, outcome)
        pointer = error.errors[0].pointer if error.errors else ""
        faults.append(FieldError(f"/transfers/{index}{pointer}", f"{error.entry.code}: {error.detail}"))
        if len(faults) == NAMED_MAX:
            break
    return MediatorError(LEDGER_BATCH_REFUSED, "Nothing of the batch was booked.", errors=tuple(faults))


def is_replay(outcomes: Sequence[BatchOutcome]) -> bool:
    """Whether every item was answered before."""
    return all(
        outcome.posting.replayed if isinstance(outcome, BookedTransfer) else getattr(outcome, "replayed", False)
        for outcome in outcomes
    )


def batch_key(key: IdempotencyKey) -> IdempotencyKey:
    """Give the key that the items' keys begin with: a long one is replaced by its digest."""
    if len(key.key) <= KEY_MAX:
        return key
    return IdempotencyKey(key.route, hashlib.sha256(key.key.encode()).hexdigest(), key.fingerprint)
