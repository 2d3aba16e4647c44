"""Verifies the sandbox gateway's callbacks, then reads them."""

import re
from collections.abc import Mapping

from adapters.providerkit.reading import find_read
from adapters.providerkit.signatures import is_any, timed_signatures
from adapters.providers.sandbox.client import Event
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, Unreadable

_HEADER = "sandbox-signature"
_SHAPE = re.compile(r"\At=(?P<at>[0-9]{1,12})(?P<signatures>(?:,v1=[0-9a-f]{64}){1,8})\Z")


def verify_callback(
    raw: bytes, headers: Mapping[str, str], *, now_seconds: float, secrets: tuple[str, ...], tolerance_seconds: int
) -> None:
    """Verify `Sandbox-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`; any one of the secrets will do.

    Raises CALLBACK_REFUSED, the same whatever is wrong, before a byte of the body is parsed.
    """
    said = _SHAPE.match(headers.get(_HEADER, ""))
    if said is None:
        raise _refused()
    given = [one.encode() for one in said["signatures"].removeprefix(",v1=").split(",v1=")]
    signed = is_any(given, timed_signatures(raw, at=said["at"], secrets=secrets))
    fresh = abs(now_seconds - int(said["at"])) <= tolerance_seconds
    if not (signed and fresh):
        raise _refused()


def parse_callback(raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    """Read the event of a callback."""
    event = find_read(raw, Event)
    if event is None:
        return Unreadable("no event of this provider")
    said = CallbackEvent(
        event_id=event.id,
        kind=event.type,
        operation_key=event.operation_key,
        provider_reference=None if event.charge is None else event.charge.id,
    )
    return (said,)


def _refused() -> MediatorError:
    return MediatorError(CALLBACK_REFUSED, "The signature or its time is not valid.")
