"""Verifies Adyen's webhooks, then reads what they say: it is the only word on most outcomes, so it is applied.

The signature covers eight fields of each item and nothing else: only they decide anything, `reason` is a text.
"""

import base64
import binascii
import hashlib
import hmac

import msgspec

from adapters.providerkit.reading import cleaned, find_read
from adapters.providerkit.signatures import is_any
from adapters.providers.adyen.client import Amount, Name
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import CallbackEvent, Decline, Finding, OperationKind, Rejected, Succeeded, Unknown, Unreadable

_KINDS = {
    "AUTHORISATION": OperationKind.AUTHORIZE,
    "CAPTURE": OperationKind.CAPTURE,
    "CAPTURE_FAILED": OperationKind.CAPTURE,
    "CANCELLATION": OperationKind.VOID,
    "TECHNICAL_CANCEL": OperationKind.VOID,
    "REFUND": OperationKind.REFUND,
    "REFUND_FAILED": OperationKind.REFUND,
    "REFUNDED_REVERSED": OperationKind.REFUND,
}
_FAILURES = {"CAPTURE_FAILED", "REFUND_FAILED", "REFUNDED_REVERSED"}
"""They are told with `success: true`, and mean that what had been done was undone."""


class Additional(msgspec.Struct, frozen=True):
    """What comes beside the fields of an item: its signature."""

    hmac_signature: str = msgspec.field(name="hmacSignature")


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that a notification says."""

    psp_reference: Name
    merchant_account_code: str
    event_code: str
    success: str
    amount: Amount
    additional_data: Additional
    merchant_reference: str = ""
    original_reference: str = ""
    reason: str = ""

    def signed_text(self) -> str:
        """Join what is signed: by colons, without escaping those within."""
        return ":".join(
            (
                self.psp_reference,
                self.original_reference,
                self.merchant_account_code,
                self.merchant_reference,
                str(self.amount.value),
                self.amount.currency,
                self.event_code,
                self.success,
            )
        )


class Wrapped(msgspec.Struct, frozen=True):
    """An item as it is wrapped."""

    item: Item = msgspec.field(name="NotificationRequestItem")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook of the standard kind; it may bring several items."""

    notification_items: tuple[Wrapped, ...]


def verify_callback(raw: bytes, *, merchant_account: str, secrets: tuple[str, ...]) -> None:
    """Verify every item with any of the secrets (hexadecimal keys), and that it is for our merchant account.

    The signature stands inside the body, so that it is read first, and only into the shape. There is no time in the
    scheme: what was said once may be said again. Raises CALLBACK_REFUSED, the same whatever is wrong.
    """
    notification = find_read(raw, Notification)
    items = () if notification is None else notification.notification_items
    keys = [key for secret in secrets if (key := _find_key(secret)) is not None]
    authentic = [one.item.merchant_account_code == merchant_account and _is_signed(one.item, keys) for one in items]
    if not authentic or not all(authentic):
        raise MediatorError(CALLBACK_REFUSED, "The signature is not valid.")


def parse_callback(raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
    """Read every item, in its order."""
    notification = find_read(raw, Notification)
    if notification is None or not notification.notification_items:
        return Unreadable("no notification of this provider")
    return tuple(_event(one.item) for one in notification.notification_items)


def _event(item: Item) -> CallbackEvent:
    kind = _KINDS.get(item.event_code)
    payment = item.original_reference or item.psp_reference
    return CallbackEvent(
        event_id=f"{item.psp_reference}:{item.event_code[:60]}:{item.success[:5]}",
        kind=item.event_code[:100],
        operation_key=item.merchant_reference or None,
        provider_reference=payment,
        operation_reference=item.psp_reference,
        operation_kind=kind,
        finding=None if kind is None else _finding(item),
    )


def _finding(item: Item) -> Finding:
    if item.success == "true" and item.event_code not in _FAILURES:
        amount = item.amount.stated()
        if amount is None:
            return Unknown("the notification states no amount that exists")
        return Succeeded(item.psp_reference, amount)
    if item.success in {"true", "false"}:
        failed = item.event_code if item.event_code in _FAILURES else f"{item.event_code}_failed"
        return Rejected(failed.lower(), Decline.HARD, cleaned(item.reason), item.psp_reference)
    return Unknown("the notification says neither yes nor no")


def _is_signed(item: Item, keys: list[bytes]) -> bool:
    """Compare with the signature of every key."""
    given, text = item.additional_data.hmac_signature.encode(), item.signed_text().encode()
    return is_any((given,), (base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()) for key in keys))


def _find_key(secret: str) -> bytes | None:
    try:
        return binascii.a2b_hex(secret) or None
    except ValueError:
        return None
