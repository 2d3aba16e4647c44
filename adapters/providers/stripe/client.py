"""Stripe's words: the settings of an account, and how requests are written and answers read safely."""

import re
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec

from adapters.providerkit.addresses import must_be_plain, must_be_positive
from adapters.providerkit.keys import taken
from adapters.providerkit.messages import CannotBuildError, HttpRequest
from adapters.providers.stripe.manifest import MANIFEST

_NAME = re.compile(r"\A[A-Za-z0-9_-]{1,255}\Z", re.ASCII)

Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,255}\Z")]
Address = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://[!-~]{1,2048}\Z")]


class OptionalField(StrEnum):
    """A parameter that Stripe takes and that one of its imitations, or an older version of it, may refuse."""

    DESCRIPTION = "description"
    RETURN_URL = "return_url"
    AUTOMATIC_PAYMENT_METHODS = "automatic_payment_methods"
    CREATED = "created"


class StripeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which Stripe, and how it is spoken to.

    `api_version` is pinned, so that answers keep their form. `optional_fields` are the parameters that may be sent.
    `action_page_url` is a page of one's own with Stripe.js, for customers whom Stripe sends to no address of its own.
    `payout_destinations` says for each IBAN or account number which of the account's own external accounts (`ba_...`)
    it is: Stripe pays nobody else. Raises ValueError for what is no plain http(s) address.
    """

    base_url: str = "https://api.stripe.com"
    api_version: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?\Z")] = "2024-06-20"
    optional_fields: frozenset[OptionalField] = frozenset(OptionalField)
    action_page_url: str | None = None
    payout_destinations: dict[str, Id] = {}
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=80)] = 20.0

    def __post_init__(self) -> None:
        must_be_plain("base_url", self.base_url)
        if self.action_page_url is not None:
            must_be_plain("action_page_url", self.action_page_url)
        must_be_positive("deadline_seconds", self.deadline_seconds)


class StripeCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret (or restricted) key, and each live signing secret of the webhook endpoint, as it is: `whsec_...`.

    Raises ValueError for an empty key or secret: an empty secret would let anybody sign.
    """

    secret_key: str
    callback_secrets: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.secret_key or not self.callback_secrets or not all(self.callback_secrets):
            raise ValueError("secret_key and every one of at least one callback_secrets must not be empty")

    def __repr__(self) -> str:
        return "StripeCredentials(***)"


class Access(msgspec.Struct, frozen=True):
    """Where to ask, with what, and how."""

    config: StripeConfig
    secret_key: str

    def may_send(self, field: OptionalField) -> bool:
        """Whether that parameter is taken there."""
        return field in self.config.optional_fields

    def __repr__(self) -> str:
        return f"Access({self.config.base_url!r}, ***)"


def get(access: Access, path: str, fields: dict[str, str] | None = None) -> HttpRequest:
    """Build a question; the path comes with its names already quoted."""
    query = f"?{urlencode(fields)}" if fields else ""
    return HttpRequest(method="GET", url=_url(access, path) + query, headers=_headers(access))


def post(access: Access, path: str, *, key: str, fields: dict[str, str | None]) -> HttpRequest:
    """Build an operation as a form; names of nested fields come with their brackets, what is None is left out.

    Raises CannotBuildError for a key that Stripe would not keep as it is.
    """
    told = {name: value for name, value in fields.items() if value is not None}
    headers = {
        **_headers(access),
        "Content-Type": "application/x-www-form-urlencoded",
        "Idempotency-Key": taken(MANIFEST.idempotency, key),
    }
    return HttpRequest(method="POST", url=_url(access, path), headers=headers, body=urlencode(told).encode())


def plain(name: str) -> str:
    """Give a name as it is. Raises CannotBuildError for one that Stripe never gave to anything."""
    if _NAME.match(name) is None:
        raise CannotBuildError("it is about something that has no name of Stripe's")
    return name


def quoted(name: str) -> str:
    """Make a name safe as one segment of a path."""
    return quote(name, safe="")


def _url(access: Access, path: str) -> str:
    return f"{access.config.base_url.rstrip('/')}{path}"


def _headers(access: Access) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Authorization": f"Bearer {access.secret_key}",
        "Stripe-Version": access.config.api_version,
    }
