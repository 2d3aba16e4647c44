"""Adyen's words: its settings, the shapes that it says, and how they are read safely."""

import json
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from adapters.providerkit.addresses import must_be_plain, must_be_positive
from adapters.providerkit.amounts import from_wire
from adapters.providerkit.keys import taken
from adapters.providerkit.messages import HttpRequest
from adapters.providers.adyen.manifest import MANIFEST, RULES
from domain.money import Money

Name = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Address = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://[!-~]{1,8000}\Z")]


class AdyenConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Adyen is, and who we are there.

    `base_url` ends with the version (`.../v71`): live addresses begin with a company's own prefix. `return_url` is
    where customers come back to when a payment names nothing else: Adyen asks for one always. Raises ValueError for
    what is no plain http(s) address.
    """

    base_url: str
    merchant_account: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,80}\Z")]
    return_url: str | None = None
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 30.0

    def __post_init__(self) -> None:
        must_be_plain("base_url", self.base_url)
        must_be_positive("deadline_seconds", self.deadline_seconds)


class AdyenCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The API key, and each live HMAC key of the webhook as Adyen shows it: in hexadecimal.

    Raises ValueError for an empty API key and for HMAC keys that are not hexadecimal: nobody may sign with nothing.
    """

    api_key: str
    callback_secrets: tuple[Annotated[str, msgspec.Meta(pattern=r"\A([0-9A-Fa-f]{2}){16,}\Z")], ...]

    def __post_init__(self) -> None:
        if not self.api_key or not self.callback_secrets:
            raise ValueError("api_key and at least one of callback_secrets must not be empty")

    def __repr__(self) -> str:
        return "AdyenCredentials(***)"


class Access(msgspec.Struct, frozen=True):
    """Where to ask, with what."""

    config: AdyenConfig
    api_key: str

    def __repr__(self) -> str:
        return f"Access({self.config.base_url!r}, ***)"


class Amount(msgspec.Struct, frozen=True):
    """An amount in Adyen's minor units."""

    value: Count
    currency: str

    def stated(self) -> Money | None:
        """Read it; None for a currency that Adyen does not count, or parts of a unit."""
        rule = RULES.get(self.currency)
        return None if rule is None else from_wire(rule, self.value)


class ResultCode(StrEnum):
    """What became of a payment, as its first answer says."""

    AUTHENTICATION_FINISHED = "AuthenticationFinished"
    AUTHENTICATION_NOT_REQUIRED = "AuthenticationNotRequired"
    AUTHORISED = "Authorised"
    CANCELLED = "Cancelled"
    CHALLENGE_SHOPPER = "ChallengeShopper"
    ERROR = "Error"
    IDENTIFY_SHOPPER = "IdentifyShopper"
    PARTIALLY_AUTHORISED = "PartiallyAuthorised"
    PENDING = "Pending"
    PRESENT_TO_SHOPPER = "PresentToShopper"
    RECEIVED = "Received"
    REDIRECT_SHOPPER = "RedirectShopper"
    REFUSED = "Refused"
    SUCCESS = "Success"


class Action(msgspec.Struct, frozen=True):
    """What the customer must do; only a redirect has an address, by GET or by posting `data`."""

    type: str
    method: str | None = None
    url: Address | None = None
    data: dict[str, str] | None = None


class Payment(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a payment. One that begins with a redirect may have no reference yet."""

    result_code: ResultCode
    psp_reference: Name | None = None
    merchant_reference: str | None = None
    amount: Amount | None = None
    refusal_reason: str | None = None
    refusal_reason_code: str | None = None
    action: Action | None = None


class Modification(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a capture, a refund or a cancellation: it was received, and no more."""

    psp_reference: Name
    status: str
    payment_psp_reference: str | None = None
    payment_reference: str | None = None
    reference: str | None = None


class Refused(msgspec.Struct, frozen=True, rename="camel"):
    """The body of an answer that refuses."""

    status: int
    error_code: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
    error_type: str
    message: str = ""


def post(access: Access, path: str, body: dict[str, Any], *, key: str | None = None) -> HttpRequest:
    """Build a request; what is None in the body is left out.

    Raises CannotBuildError for a key that Adyen would not keep as it is.
    """
    told = {name: value for name, value in body.items() if value is not None}
    headers = {"Accept": "application/json", "Content-Type": "application/json", "X-API-Key": access.api_key}
    if key is not None:
        headers["Idempotency-Key"] = taken(MANIFEST.idempotency, key)
    url = f"{access.config.base_url.rstrip('/')}{path}"
    return HttpRequest(method="POST", url=url, headers=headers, body=json.dumps(told).encode())
