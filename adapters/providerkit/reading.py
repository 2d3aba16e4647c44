"""Reads what comes from outside, and never raises: what cannot be read leaves doubt, and no text goes on as it is."""

from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from adapters.providerkit.messages import HttpResponse
from domain.providers import Unknown

Shape = TypeVar("Shape")

MESSAGE_MAX = 500
"""Most characters of a provider's own words that are kept."""

_FIELDS_MAX = 50


def find_read(raw: bytes, shape: type[Shape]) -> Shape | None:
    """Read JSON into a shape; None when these bytes are not that."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_query(raw: bytes) -> dict[str, str]:
    """Read a query string; of what comes several times, the first. Nothing when it is none, or has too many fields."""
    try:
        fields = parse_qs(raw.decode("ascii"), max_num_fields=_FIELDS_MAX)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[0] for name, values in fields.items()}


def cleaned(message: str, *, length_max: int = MESSAGE_MAX) -> str:
    """Keep a foreign message fit for logs and databases: printable, of bounded length."""
    return "".join(character for character in message[:length_max] if character.isprintable())


def unreadable(response: HttpResponse) -> Unknown:
    """Say that an answer proves nothing: a proxy on the way may answer with any status and any text."""
    return Unknown(f"status {response.status}, no answer that could be read")
