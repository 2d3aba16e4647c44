"""Takes secrets out of everything that is about to be written down."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Final
from uuid import UUID

HIDDEN: Final = "***"
"""What stands where a secret stood."""

DEPTH_MAX: Final = 6
ITEMS_MAX: Final = 100
TEXT_MAX: Final = 4_096

SECRET_LENGTH_MIN: Final = 8
"""Characters: no shorter text is looked at, for most that is logged is short and none of it is a secret."""

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What a JSON encoder takes without asking."""

_SECRET_NAME: Final = re.compile(
    r"authorization|api_?key|passw(?:or)?d|secret|token|payment_?method|cookie|credential|private_?key"
    r"|card_?number|cvc|cvv",
    re.IGNORECASE,
)

# One pass over a text. Names are groups, so that what surrounds a secret stays readable.
_SECRET_VALUE: Final = re.compile(
    r"(?P<api_key>\bfmk_[A-Za-z0-9_]+)"
    r"|(?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]+"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)"
    r"|(?P<login>://[^/\s:@]*:)[^/\s@]+(?=@)"
    r"|(?P<named>\b(?:authorization|api_?key|password|secret(?:_key)?|token)[\"']?\s*[=:]\s*[\"']?)(?:(?:Bearer|Basic)\s+)?[^\s\"',;)&}]+"
    r"|(?P<card>(?<![\w.-])[2-6](?:[ -]?\d){12,18}(?![\w-]))",
    re.IGNORECASE,
)


def redacted(value: object, *, depth: int = 0) -> Plain:
    """Give a copy that holds only plain JSON values, bounded in size, without secrets.

    A value under a secret's name is hidden whole. Texts lose what looks like an API key, a bearer credential,
    a JWT, a password in a URL or a card number. Objects are shown by their `repr`: a type that holds a secret hides
    it there.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, str):
        return scrubbed(str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, datetime | date | UUID):
        return str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return "…" if depth >= DEPTH_MAX else _container(value, depth + 1)
    return scrubbed(_shown(value))


def _container(value: Mapping[object, object] | Iterable[object], depth: int) -> Plain:
    if isinstance(value, Mapping):
        return dict(_member(str(name), item, depth) for name, item in islice(value.items(), ITEMS_MAX))
    return [redacted(item, depth=depth) for item in islice(value, ITEMS_MAX)]


def _member(name: str, item: object, depth: int) -> tuple[str, Plain]:
    shown, secret = _named(name)
    return shown, HIDDEN if secret else redacted(item, depth=depth)


@lru_cache(maxsize=1_024)
def _named(name: str) -> tuple[str, bool]:
    return scrubbed(name), _SECRET_NAME.search(name.replace("-", "_")) is not None


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 -- a foreign `repr` may raise anything, and a log line must not fail for it
        return f"<unprintable {type(value).__name__}>"


def scrubbed(text: str, *, length_max: int = TEXT_MAX) -> str:
    """Hide what looks like a secret in a text; keep at most `length_max` characters of it."""
    if len(text) > length_max:
        text = f"{text[:length_max]}…[{len(text) - length_max} more]"
    return text if len(text) < SECRET_LENGTH_MIN else _SECRET_VALUE.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "api_key":
            return f"fmk_{HIDDEN}"
        case "scheme" | "login" | "named" as group:
            return f"{found[group]}{HIDDEN}"
        case "card":
            return HIDDEN if _is_card_number(found["card"]) else found["card"]
        case _:
            return HIDDEN


def _is_card_number(text: str) -> bool:
    """Check the Luhn digit (ISO/IEC 7812-1 annex B), so that ordinary long numbers stay readable."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
