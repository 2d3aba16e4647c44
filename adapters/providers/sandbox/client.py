"""The sandbox gateway's words: its settings, the shapes that it reads and says, and how they are read safely."""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from adapters.providerkit.addresses import must_be_plain, must_be_positive
from adapters.providerkit.messages import HttpRequest
from domain.money import AMOUNT_MAX

MinorUnits = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]
Code = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9_]{1,64}\Z")]
Address = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://[!-~]{1,2048}\Z")]


class SandboxConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the sandbox gateway is, and how long a call may take, in seconds.

    Raises ValueError for a base URL that is no plain http(s) address.
    """

    base_url: str
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 2.0

    def __post_init__(self) -> None:
        must_be_plain("base_url", self.base_url)
        must_be_positive("deadline_seconds", self.deadline_seconds)


class SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens the sandbox gateway. Every callback secret that is still in use is listed, so one can be replaced.

    Raises ValueError for an empty key or secret: an empty secret would let anybody sign.
    """

    api_key: str
    callback_secrets: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.api_key or not self.callback_secrets or not all(self.callback_secrets):
            raise ValueError("api_key and every one of at least one callback_secrets must not be empty")

    def __repr__(self) -> str:
        return "SandboxCredentials(***)"


class Access(msgspec.Struct, frozen=True):
    """Where to ask, and with what."""

    base_url: str
    api_key: str

    def __repr__(self) -> str:
        return f"Access({self.base_url!r}, ***)"


class ChargeStatus(StrEnum):
    """What a charge is."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"
    VOIDED = "voided"


class MovementStatus(StrEnum):
    """What a capture, a void or a refund is."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


class OperationState(StrEnum):
    """What became of an operation."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    FAILED = "failed"


class RefusalKind(StrEnum):
    """How definite a refusal is."""

    SOFT = "soft"
    HARD = "hard"
    INVALID = "invalid"


class Refusal(msgspec.Struct, frozen=True):
    """The `error` of an answer, and the `decline` of a charge."""

    code: Code
    kind: RefusalKind | None = None
    message: str = ""


class Charge(msgspec.Struct, frozen=True):
    """A charge, as far as this adapter reads it. Amounts are minor units by ISO 4217."""

    id: Name
    payment: str
    status: ChargeStatus
    amount: MinorUnits
    currency: str
    authorized: MinorUnits
    captured: MinorUnits
    decline: Refusal | None = None
    action_url: Address | None = None


class Movement(msgspec.Struct, frozen=True):
    """A capture, a void (its amount is what it released) or a refund."""

    id: Name
    charge: Name
    amount: MinorUnits
    currency: str
    status: MovementStatus


class Operation(msgspec.Struct, frozen=True):
    """What became of the operation of a key, as of now."""

    key: str
    kind: str
    state: OperationState
    amount: MinorUnits
    currency: str
    charge: Charge
    code: Code | None = None
    decline_kind: RefusalKind | None = None
    message: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """Body of an answer that refuses, with the charge that it concerns where there is one."""

    error: Refusal
    charge: Charge | None = None


class PayoutStatus(StrEnum):
    """What a payout is."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


class Payout(msgspec.Struct, frozen=True):
    """A payout, as far as this adapter reads it."""

    id: Name
    key: str
    payout: str
    status: PayoutStatus
    amount: MinorUnits
    currency: str
    failure: Refusal | None = None


class EventCharge(msgspec.Struct, frozen=True):
    """The charge inside a callback: only its name is used, the rest is asked for anew."""

    id: Name


class Event(msgspec.Struct, frozen=True):
    """A callback."""

    id: Name
    type: Annotated[str, msgspec.Meta(pattern=r"\A[a-z_.]{1,64}\Z")]
    operation_key: Name | None = None
    charge: EventCharge | None = None


class Line(msgspec.Struct, frozen=True):
    """One charge in the books."""

    charge: Name
    payment: Name
    currency: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
    captured: MinorUnits
    refunded: MinorUnits


class Page(msgspec.Struct, frozen=True):
    """One page of the books."""

    lines: tuple[Line, ...]
    next: Name | None


def get(access: Access, path: str, **query: str) -> HttpRequest:
    """Build a question; the path comes with its names already quoted."""
    asked = "&".join(f"{name}={quoted(value)}" for name, value in query.items())
    return HttpRequest(method="GET", url=_url(access, path, asked), headers=_headers(access))


def post(access: Access, path: str, *, key: str, body: dict[str, Any]) -> HttpRequest:
    """Build an operation; what is None in the body is left out."""
    told = {name: value for name, value in body.items() if value is not None}
    headers = _headers(access) | {"Content-Type": "application/json", "Idempotency-Key": key}
    return HttpRequest(method="POST", url=_url(access, path), headers=headers, body=json.dumps(told).encode())


def quoted(name: str) -> str:
    """Quote a name for use inside a path or a query."""
    return quote(name, safe="")


def _url(access: Access, path: str, query: str = "") -> str:
    return f"{access.base_url.rstrip('/')}{path}{'?' if query else ''}{query}"


def _headers(access: Access) -> dict[str, str]:
    return {"Accept": "application/json", "Authorization": f"Bearer {access.api_key}"}
