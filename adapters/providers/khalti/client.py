"""Khalti's words: its settings, the shapes that it says, and how they are read safely."""

import json
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from adapters.providerkit.addresses import must_be_plain, must_be_positive
from adapters.providerkit.messages import HttpRequest

Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,100}\Z")]
Paisa = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Address = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://[!-~]{1,2048}\Z")]


class PartialRefunds(StrEnum):
    """Whether parts are refunded: the documentation does not say for sure in which unit they are counted."""

    REFUSED = "refused"
    IN_PAISA = "in_paisa"


class KhaltiConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Khalti is, and how the shop is called there.

    `base_url` is the root of the payment API (`.../api/v2`), `refund_url` that of the merchant API (`.../api`); the
    sandbox's hosts have changed over time. Raises ValueError for what is no plain http(s) address.
    """

    base_url: str
    refund_url: str
    website_url: str
    order_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "Order"
    partial_refunds: PartialRefunds = PartialRefunds.REFUSED
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0

    def __post_init__(self) -> None:
        for name in ("base_url", "refund_url", "website_url"):
            must_be_plain(name, getattr(self, name))
        must_be_positive("deadline_seconds", self.deadline_seconds)


class KhaltiCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The merchant's secret key. Raises ValueError for an empty one."""

    secret_key: str

    def __post_init__(self) -> None:
        if not self.secret_key:
            raise ValueError("secret_key must not be empty")

    def __repr__(self) -> str:
        return "KhaltiCredentials(***)"


class Initiated(msgspec.Struct, frozen=True):
    """The answer to an initiation: where the customer pays."""

    pidx: Name
    payment_url: Address


class Status(StrEnum):
    """What a look-up says of a payment."""

    COMPLETED = "Completed"
    PENDING = "Pending"
    INITIATED = "Initiated"
    REFUNDED = "Refunded"
    PARTIALLY_REFUNDED = "Partially Refunded"
    EXPIRED = "Expired"
    USER_CANCELED = "User canceled"


class Found(msgspec.Struct, frozen=True):
    """The answer to a look-up. `Expired` and `User canceled` come with status 400."""

    pidx: Name
    total_amount: Paisa
    status: Status
    transaction_id: Name | None = None


class Refused(msgspec.Struct, frozen=True):
    """The two forms of a refusal: `detail` alone, or faults by field beside `error_key`."""

    detail: str | None = None
    error_key: str | None = None


def post(root: str, path: str, secret_key: str, body: dict[str, Any]) -> HttpRequest:
    """Build a request; what is None in the body is left out."""
    told = {name: value for name, value in body.items() if value is not None}
    headers = {
        "Accept": "application/json",
        "Authorization": f"Key {secret_key}",
        "Content-Type": "application/json",
    }
    return HttpRequest(method="POST", url=f"{root.rstrip('/')}{path}", headers=headers, body=json.dumps(told).encode())
