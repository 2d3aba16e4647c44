"""Our operation key as a bank carries it: 35 characters, no underscore, the same in every field that comes back."""

import re

KEY_PATTERN = r"[a-z]{3}_[0-9a-f]{32}"
"""What an outbound key must look like to be told: one of our public identifiers, 36 characters."""

REFERENCE_MAX = 35

_KEY = re.compile(KEY_PATTERN, re.ASCII)
_REFERENCE = re.compile(r"(?P<prefix>[a-z]{3})(?P<id>[0-9a-f]{32})", re.ASCII)


def find_reference(key: str) -> str | None:
    """Give the reference for a key, `opn0198c5...`; None for a key that could not be recognised when it comes back."""
    return key.replace("_", "") if _KEY.fullmatch(key) else None


def find_key(reference: str | None) -> str | None:
    """Give the key that a reference was made from; None for everybody else's. Banks may have changed the case."""
    found = _REFERENCE.fullmatch((reference or "").strip().lower())
    return f"{found['prefix']}_{found['id']}" if found else None
