"""Callbacks that say something else than the books, and charges that are too young to be found."""

import msgspec


class _Charge(msgspec.Struct, frozen=True):
    created: int


class _Found(msgspec.Struct, frozen=True):
    charge: _Charge


def drifted(body: bytes) -> bytes:
    """Write an event that says of its charge what is not so: taken becomes pending, everything else taken.

    An event about something else than a charge stays as it is.
    """
    event = msgspec.json.decode(body)
    charge = event.get("charge")
    if charge is None:
        return body
    charge["status"] = "pending" if charge["status"] == "captured" else "captured"
    charge["captured"] = 0 if charge["status"] == "pending" else charge["amount"]
    return msgspec.json.encode(event)


def is_young(body: bytes, since: float) -> bool:
    """Whether the answer to a look-up is about a charge that was made after `since` (Unix seconds)."""
    try:
        return msgspec.json.decode(body, type=_Found).charge.created > since
    except msgspec.MsgspecError:
        return False
