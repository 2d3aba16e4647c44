"""Callbacks as the sandbox gateway writes and signs them, by its manual and without its code."""

import hashlib
import hmac
import time

import msgspec

from tests.entrypoints.simulator.merchant import CALLBACK_SECRET


def signature(raw: bytes, *, secret: str = CALLBACK_SECRET, at: float | None = None) -> str:
    """Sign as the gateway's manual says, without the gateway's own code."""
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event(event_id: str = "evt_1", **changes: object) -> bytes:
    """Write an event."""
    return msgspec.json.encode({"id": event_id, "type": "charge.captured", **changes})
