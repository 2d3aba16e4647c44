"""Checks of settings that every provider reached over HTTP has: where it is, and how long a call may take."""

from urllib.parse import urlsplit


def must_be_plain(name: str, address: str) -> None:
    """Raise ValueError for what is no http(s) address, or holds more than scheme, host, port and path."""
    parts = urlsplit(address)
    plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not plain or parts.query or parts.fragment:
        raise ValueError(f"{name} must be an http(s) address without user, password, query and fragment")


def must_be_positive(name: str, seconds: float) -> None:
    """Raise ValueError for no time at all, also for what no comparison holds of."""
    if not seconds > 0:
        raise ValueError(f"{name} must be more than 0")
