"""eSewa's words: its settings, its signature, and how its JSON is read without losing a digit."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from adapters.providerkit.addresses import must_be_plain, must_be_positive

SIGNED_FIELDS = ("total_amount", "transaction_uuid", "product_code")
"""What the form signs, in this order."""

_FIELDS_MAX = 30
_DATA_MAX = 8_192
_UNWRITABLE = re.compile(r"[\ud800-\udfff]")


class EsewaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where eSewa is, and which merchant we are there.

    `form_url` is where the customer's browser posts the form, `status_url` where we ask. Raises ValueError for what is
    no plain http(s) address.
    """

    form_url: str
    status_url: str
    product_code: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
    deadline_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0

    def __post_init__(self) -> None:
        for name in ("form_url", "status_url"):
            must_be_plain(name, getattr(self, name))
        must_be_positive("deadline_seconds", self.deadline_seconds)


class EsewaCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The merchant's secret key signs the form; every one in `callback_secrets` verifies what comes back.

    Raises ValueError for an empty one: an empty key would let anybody sign.
    """

    secret_key: str
    callback_secrets: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.secret_key or not self.callback_secrets or not all(self.callback_secrets):
            raise ValueError("secret_key and every one of at least one callback_secrets must not be empty")

    def __repr__(self) -> str:
        return "EsewaCredentials(***)"


def signature(secret: str, fields: Mapping[str, str], names: Sequence[str]) -> str:
    """Sign `name=value` of these fields, joined by commas in their order: base64 of HMAC-SHA256."""
    message = ",".join(f"{name}={fields[name]}" for name in names)
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()).decode()


def find_fields(raw: bytes) -> dict[str, str] | None:
    """Read a flat JSON object with every value as it was written: `1000.0` stays `1000.0`. None for anything else."""
    if len(raw) > _DATA_MAX:
        return None
    try:
        read = json.loads(raw.decode(), parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or len(read) > _FIELDS_MAX:
        return None
    fields = {name: value for name, value in read.items() if isinstance(value, str)}
    # JSON can spell half a character (a lone surrogate), which no encoding can write, so nobody can have signed it.
    return fields if all(_UNWRITABLE.search(name + value) is None for name, value in fields.items()) else None


def find_data(encoded: str) -> dict[str, str] | None:
    """Read what eSewa's redirect carries: base64 of a JSON object. None for anything else."""
    if len(encoded) > _DATA_MAX:
        return None
    try:
        return find_fields(base64.b64decode(encoded.replace(" ", "+"), validate=True))
    except (binascii.Error, ValueError):
        return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that comes twice: which of the two was signed?"""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)
