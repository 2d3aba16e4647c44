"""What files in drop folders are called, and when they are ready, whichever way they are moved."""

import hashlib
import re
import secrets

QUIET_SECONDS = 5.0
"""A file that was written to within these last seconds may still be growing."""

WAITING_MAX = 100
"""The most files that one look gives."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def is_plain(name: str) -> bool:
    """Whether a file of ours may be called that: it leads nowhere, and is no hidden one."""
    return _PLAIN.fullmatch(name) is not None


def part_name(name: str) -> str:
    """Give a name under which nobody looks for a file that is not whole yet."""
    return f".{name}.{secrets.token_hex(8)}.part"


def shelved_name(name: str, content: bytes | None) -> str:
    """Give a name that tells apart what came under one name at different times; the same file gets the same name."""
    mark = secrets.token_hex(16) if content is None else hashlib.sha256(content).hexdigest()[:32]
    return f"{mark}-{name}"[:255]
