"""Verifies Stripe's webhooks, then reads which operations they concern."""

import re
from collections.abc import Mapping

import msgspec

from adapters.providerkit.reading import find_read
from adapters.providerkit.signatures import is_any, timed_signatures
from adapters.providers.stripe.client import Id
from adapters.providers.stripe.manifest import CALLBACK_TOLERANCE_SECONDS
from adapters.providers.stripe.objects import Metadata, key_of
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, OperationKind, Unreadable

_HEADER = "stripe-signature"
_TIME = re.compile(r"\A[0-9]{1,12}\Z", re.ASCII)
_PARTS_MAX = 32

_AUTHORIZATIONS = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
}
_REFUNDS = {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}


class EventObject(msgspec.Struct, frozen=True):
    """The object that an event shows: only its names are used, the rest is asked for anew."""

    object: str
    id: Id | None = None
    metadata: Metadata = None
    payment_intent: str | None = None
    capture_method: str | None = None


class EventData(msgspec.Struct, frozen=True):
    """The `data` of an event."""

    object: EventObject


class Event(msgspec.Struct, frozen=True):
    """An event, of whatever API version the endpoint was set up with."""

    id: Id
    type: str
    data: EventData


def verify_callback(raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float) -> None:
    """Verify `Stripe-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">[,v1=...]`; any secret will do.

    The key is the whole secret with its `whsec_`. Other schemes (`v0`) are passed over. Raises CALLBACK_REFUSED, the
    same whatever is wrong, before a byte of the body is parsed.
    """
    at, signatures = _read(headers.get(_HEADER, ""))
    signed = at is not None and is_any(signatures, timed_signatures(raw, at=at, secrets=secrets))
    fresh = at is not None and abs(now_seconds - int(at)) <= CALLBACK_TOLERANCE_SECONDS
    if not (signed and fresh):
        raise MediatorError(CALLBACK_REFUSED, "The signature or its time is not valid.")


def parse_callback(raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    """Read an event: an intent that is canceled ends both its authorization and a cancellation of ours."""
    event = find_read(raw, Event)
    if event is None:
        return Unreadable("no event of this provider")
    shown = event.data.object
    match shown.object:
        case "payment_intent":
            return _of_intent(event, shown)
        case "refund" if event.type in _REFUNDS:
            return (
                _said(
                    event,
                    kind=OperationKind.REFUND,
                    key=key_of(shown.metadata),
                    reference=shown.payment_intent,
                    own=shown.id,
                ),
            )
        case "payout":
            key = key_of(shown.metadata)
            return (_said(event, kind=OperationKind.PAYOUT, key=key, reference=shown.id, own=shown.id),)
        case "charge" if event.type in {"charge.refunded", "charge.captured"}:
            kind = OperationKind.REFUND if event.type == "charge.refunded" else OperationKind.CAPTURE
            return (_said(event, kind=kind, reference=shown.payment_intent),)
        case _:
            return (_said(event, reference=shown.payment_intent),)


def _of_intent(event: Event, shown: EventObject) -> tuple[CallbackEvent, ...]:
    key, manual = key_of(shown.metadata), shown.capture_method == "manual"
    if event.type == "payment_intent.canceled":
        ended = _said(event, kind=OperationKind.AUTHORIZE, key=key, reference=shown.id)
        void = _said(event, kind=OperationKind.VOID, reference=shown.id)
        return ended, msgspec.structs.replace(void, event_id=f"{event.id}:void")
    if event.type == "payment_intent.succeeded" and manual:
        return (_said(event, kind=OperationKind.CAPTURE, reference=shown.id),)
    if event.type in _AUTHORIZATIONS or event.type == "payment_intent.succeeded":
        return (_said(event, kind=OperationKind.AUTHORIZE, key=key, reference=shown.id),)
    return (_said(event, reference=shown.id),)


def _said(
    event: Event,
    *,
    kind: OperationKind | None = None,
    key: str | None = None,
    reference: str | None = None,
    own: str | None = None,
) -> CallbackEvent:
    return CallbackEvent(
        event_id=event.id,
        kind=event.type[:100],
        operation_key=key,
        provider_reference=reference,
        operation_reference=own,
        operation_kind=kind,
    )


def _read(header: str) -> tuple[str | None, list[bytes]]:
    """Take the header apart: its time, None unless there is exactly one, and its signatures of the scheme `v1`."""
    parts = [part.strip().partition("=") for part in header.split(",")[:_PARTS_MAX]]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value.encode() for name, _, value in parts if name == "v1"]
    only = times[0] if len(times) == 1 and _TIME.match(times[0]) else None
    return only, signatures
