"""The words of the foreign gateway: what it reads and what it says, as JSON over HTTP."""

from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

Shape = TypeVar("Shape")

AMOUNT_MAX = 2**53 - 1
"""Largest amount of one charge, in minor units: what every JSON reader can hold exactly (RFC 8259 §6)."""

Amount = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]
Sentence = Annotated[str, msgspec.Meta(max_length=255)]
Address = Annotated[str, msgspec.Meta(max_length=2048, pattern=r"\Ahttps?://[!-~]+\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]


class Status(StrEnum):
    """What a charge is."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"
    VOIDED = "voided"


class Kind(StrEnum):
    """What an operation does."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class State(StrEnum):
    """What became of an operation."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    FAILED = "failed"


class RefusalKind(StrEnum):
    """How definite a refusal is; `invalid` is a fault of the caller."""

    SOFT = "soft"
    HARD = "hard"
    INVALID = "invalid"


class NewCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/charges`."""

    account: Name
    payment: Name
    amount: Amount
    currency: CurrencyCode
    source: Name
    capture: bool
    reference: Sentence | None = None
    callback_url: Address | None = None
    return_url: Address | None = None


class NewCapture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a capture; `final` releases what it leaves."""

    amount: Amount
    final: bool


class NewVoid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a void: nothing to say."""


class NewRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a refund."""

    amount: Amount


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the control calls that end a customer's step or a pending charge."""

    approve: bool


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `error` of an answer."""

    code: str
    message: str
    kind: RefusalKind | None = None


class Decline(msgspec.Struct, frozen=True):
    """Why a charge was declined."""

    code: str
    kind: RefusalKind


class ChargeView(msgspec.Struct, frozen=True):
    """A charge as it is shown; amounts in minor units, `created` in Unix seconds, `sequence` grows with each change."""

    id: str
    account: str
    payment: str
    status: Status
    amount: int
    currency: str
    authorized: int
    captured: int
    refunded: int
    released: int
    decline: Decline | None
    action_url: str | None
    reference: str | None
    created: int
    sequence: int


class MovementView(msgspec.Struct, frozen=True):
    """A capture, a void or a refund of a charge as it is shown; a void's `amount` is what it released."""

    id: str
    charge: str
    amount: int
    currency: str
    status: State
    created: int


class OperationView(msgspec.Struct, frozen=True):
    """What became of the operation of one idempotency key, as of now."""

    key: str
    kind: Kind
    state: State
    amount: int
    currency: str
    charge: ChargeView
    refund: MovementView | None
    code: str | None
    decline_kind: RefusalKind | None
    message: str | None


class EventView(msgspec.Struct, frozen=True):
    """Body of a callback."""

    id: str
    type: str
    created: int
    sequence: int
    operation_key: str
    charge: ChargeView
    refund: MovementView | None


class BookLineView(msgspec.Struct, frozen=True):
    """One charge in the books."""

    charge: str
    payment: str
    currency: str
    captured: int
    refunded: int


class BooksView(msgspec.Struct, frozen=True):
    """One page of the books, in the order in which the charges were made; `next` goes into `after`."""

    lines: tuple[BookLineView, ...]
    next: str | None


class RefusedError(Exception):
    """A request that is refused without leaving a trace in the books."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep the HTTP status and the two words of the answer."""
        super().__init__(message)
        self.status = status
        self.refusal = Refusal(code, message)


def read_body(raw: bytes, shape: type[Shape]) -> Shape:
    """Read a JSON body into its shape. Raises RefusedError 400 when it is no JSON, 422 when a field is wrong."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as fault:
        raise RefusedError(422, "field_invalid", str(fault)) from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise RefusedError(400, "request_malformed", "The body is not well-formed JSON.") from fault
