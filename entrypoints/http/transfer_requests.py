"""What callers say of transfers: pure, so that every door to them understands alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ledger.orders import MakeTransfer, NamedLeg, NamedSplit, split_legs
from domain.allocation import Fixed, Part, Remainder, percent_of
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ledger import Direction
from domain.money import Currency, currency_of
from domain.posting import LEGS_MAX
from entrypoints.http.words import AccountIn, AmountIn, BalanceIn, CurrencyIn, Line, Metadata, Moment, PercentIn

BATCH_MAX = 10_000
"""Most transfers of one batch."""


def only(*names: str, among: Sequence[str]) -> dict[str, Any]:
    """Say in JSON Schema: these fields, and none of the others that they exclude."""
    return {"required": list(names), "properties": {name: False for name in among if name not in names}}


FORMS: Final = ("debit_account", "credit_account", "amount", "currency", "legs", "splits")
ONE_FORM: Final = {
    "oneOf": [
        only("debit_account", "credit_account", "amount", "currency", among=FORMS),
        only("legs", among=FORMS),
        only("debit_account", "amount", "currency", "splits", among=FORMS),
    ]
}
PARTS: Final = ("fixed", "percent", "remainder")
ONE_PART: Final = {"oneOf": [only(name, among=PARTS) for name in PARTS]}


class LegIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a transfer."""

    account: AccountIn
    direction: Direction
    amount: AmountIn
    currency: Annotated[CurrencyIn, Meta(description="The account's own when it is left out.")] | UnsetType = UNSET
    available_min: (
        Annotated[BalanceIn, Meta(description="Refuse unless so much is available on the account afterwards.")]
        | UnsetType
    ) = UNSET


class SplitIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets which part: a fixed amount, a percentage of the whole, or what the others leave."""

    account: AccountIn
    fixed: AmountIn | UnsetType = UNSET
    percent: PercentIn | UnsetType = UNSET
    remainder: Annotated[bool, Meta(extra_json_schema={"const": True})] | UnsetType = UNSET


class TransferFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What every request for a transfer says, in one of three forms."""

    debit_account: AccountIn | UnsetType = UNSET
    credit_account: AccountIn | UnsetType = UNSET
    amount: AmountIn | UnsetType = UNSET
    currency: CurrencyIn | UnsetType = UNSET
    legs: Annotated[tuple[LegIn, ...], Meta(min_length=2, max_length=LEGS_MAX)] | UnsetType = UNSET
    splits: (
        Annotated[
            tuple[Annotated[SplitIn, Meta(extra_json_schema=ONE_PART)], ...],
            Meta(min_length=1, max_length=LEGS_MAX - 1),
        ]
        | UnsetType
    ) = UNSET
    effective_at: Annotated[Moment | None, Meta(description="When it counts; when it is recorded if null.")] = None
    reference: Annotated[Line | None, Meta(description="Your own reference, used once in all your ledger.")] = None
    description: Line | None = None
    metadata: Metadata = {}


class TransferIn(TransferFields, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A transfer: between two accounts, as legs that sum to zero in each currency, or split over several accounts.

    Of a split, percentages are of the whole amount and rounded down. With a `remainder`, that part takes what is left;
    without one the parts must make up the whole, and single units that rounding left go to the largest fractions.
    """

    dry_run: Annotated[bool, Meta(description="Only tell what would be booked.")] = False


class BatchTransferIn(TransferFields, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A transfer of a batch."""

    idempotency_key: (
        Annotated[
            str,
            Meta(pattern=r"^[\x21-\x7e]{1,255}\Z", description="The batch's key, a colon and the index if left out."),
        ]
        | UnsetType
    ) = UNSET


class BatchMode(StrEnum):
    """What a batch promises."""

    ATOMIC = "atomic"
    EACH = "each"


OneTransferIn = Annotated[TransferIn, Meta(extra_json_schema=ONE_FORM)]
OneOfBatchIn = Annotated[BatchTransferIn, Meta(extra_json_schema=ONE_FORM)]


class TransferBatchIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Transfers in the order in which they are to be made."""

    mode: Annotated[BatchMode, Meta(description="atomic: all or none; each: every transfer for itself.")]
    transfers: Annotated[tuple[OneOfBatchIn, ...], Meta(min_length=1, max_length=BATCH_MAX)]


class ReverseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to say about a reversal."""

    description: Line | None = None
    metadata: Metadata = {}


def wanted_of(body: TransferIn | BatchTransferIn) -> MakeTransfer:
    """Read what is wanted. Raises VAL_FIELD, VAL_AMOUNT, VAL_CURRENCY."""
    return MakeTransfer(
        legs=_legs_of(body),
        effective_at=None if body.effective_at is None else in_utc(body.effective_at, pointer="/effective_at"),
        reference=body.reference,
        description=body.description,
        metadata=body.metadata,
        dry_run=isinstance(body, TransferIn) and body.dry_run,
    )


def _legs_of(body: TransferFields) -> tuple[NamedLeg, ...]:
    if body.legs is not UNSET:
        _refuse_unless(body, "legs")
        return tuple(_leg_of(leg, f"/legs/{index}") for index, leg in enumerate(body.legs))
    if body.debit_account is UNSET or body.amount is UNSET or body.currency is UNSET:
        raise _no_form()
    currency, amount = currency_of(body.currency), int(body.amount)
    if body.splits is not UNSET:
        _refuse_unless(body, "debit_account", "amount", "currency", "splits")
        splits = tuple(_split_of(split, index) for index, split in enumerate(body.splits))
        return split_legs(body.debit_account, amount, currency, splits)
    if body.credit_account is UNSET:
        raise _no_form()
    return (
        NamedLeg(body.debit_account, Direction.DEBIT, amount, currency, "/debit_account"),
        NamedLeg(body.credit_account, Direction.CREDIT, amount, currency, "/credit_account"),
    )


def _refuse_unless(body: TransferFields, *names: str) -> None:
    if any(getattr(body, name) is not UNSET for name in FORMS if name not in names):
        raise _no_form()


def _no_form() -> MediatorError:
    detail = (
        "needs either debit_account, credit_account, amount and currency; or legs; "
        "or debit_account, amount, currency and splits"
    )
    return MediatorError(VAL_FIELD, f"The transfer {detail}.", errors=(FieldError("", detail),))


def _leg_of(leg: LegIn, pointer: str) -> NamedLeg:
    currency: Currency | None = None
    if leg.currency is not UNSET:
        currency = currency_of(leg.currency, pointer=f"{pointer}/currency")
    available_min = None if leg.available_min is UNSET else int(leg.available_min)
    return NamedLeg(leg.account, leg.direction, int(leg.amount), currency, f"{pointer}/account", available_min)


def _split_of(split: SplitIn, index: int) -> NamedSplit:
    pointer = f"/splits/{index}"
    parts: list[Part] = []
    if split.fixed is not UNSET:
        parts.append(Fixed(int(split.fixed)))
    if split.percent is not UNSET:
        parts.append(percent_of(split.percent, pointer=f"{pointer}/percent"))
    if split.remainder is True:
        parts.append(Remainder())
    if len(parts) != 1:
        detail = "needs exactly one of fixed, percent, and remainder: true"
        raise MediatorError(VAL_FIELD, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))
    return NamedSplit(split.account, parts[0], f"{pointer}/account")


def in_utc(moment: datetime, *, pointer: str) -> datetime:
    """Give a moment in UTC. Raises VAL_FIELD for one that leaves the calendar there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as fault:
        detail = "must be from year 1 to year 9999 in UTC"
        raise MediatorError(VAL_FIELD, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),)) from fault
