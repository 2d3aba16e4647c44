"""What operators are told of callbacks: how they stand, what they said, and the bytes that they came as."""

import base64
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from application.callbacks.list_callbacks import CallbackPage
from application.ports.callbacks import CallbackSummary, Refusals, StoredCallback, StoredEvent
from domain.callbacks import CallbackState
from domain.ids import Prefix, public_id
from domain.manifests import CallbackTransport
from domain.providers import OperationKind
from entrypoints.http.shapes import Instant, utc

Seen = Annotated[int, Meta(description="How often it came.")]
Detail = Annotated[str | None, Meta(description="Why it is so.")]


class CallbackOut(msgspec.Struct, frozen=True, kw_only=True):
    """How a callback stands: waits for a worker, was applied, is about nothing of ours, or could not be read."""

    id: str
    provider: str
    provider_account_id: str
    transport: CallbackTransport
    state: CallbackState
    detail: Detail
    size_bytes: int
    received_at: Instant
    read_at: Annotated[datetime | None, Meta(description="When it was read; null while it was not.")]
    seen_count: Seen
    last_seen_at: Instant


class CallbackEventOut(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a callback says. `subject` is the payment or payout that it turned out to concern."""

    provider_event_id: str
    kind: str
    operation_kind: OperationKind | None
    operation_key: str | None
    operation_reference: str | None
    provider_reference: str | None
    finding: Annotated[str | None, Meta(description="What it says became of the operation, in one word.")]
    state: CallbackState
    subject: str | None
    detail: Detail
    seen_count: Seen


class CallbackDetailOut(msgspec.Struct, frozen=True, kw_only=True):
    """A callback with everything that is kept of it. Events that came before are shown at the first that had them."""

    callback: CallbackOut
    headers: dict[str, str]
    raw_base64: Annotated[str, Meta(description="The bytes as they came.")]
    events: tuple[CallbackEventOut, ...]


class RefusedCallbacksOut(msgspec.Struct, frozen=True, kw_only=True):
    """How often something that was not authentic came to the address of a provider account."""

    provider_account_id: str
    refused_count: int
    last_refused_at: Instant


class CallbackPageOut(msgspec.Struct, frozen=True, kw_only=True):
    """A page of callbacks, newest first, and what was refused so far. `next_cursor` is null on the last page."""

    data: tuple[CallbackOut, ...]
    refused: tuple[RefusedCallbacksOut, ...]
    next_cursor: str | None


def page_out(page: CallbackPage) -> CallbackPageOut:
    """Tell a page."""
    cursor = public_id(Prefix.CALLBACK, page.callbacks[-1].id) if page.has_more else None
    return CallbackPageOut(
        data=tuple(callback_out(one) for one in page.callbacks),
        refused=tuple(_refused_out(one) for one in page.refused),
        next_cursor=cursor,
    )


def callback_out(one: CallbackSummary) -> CallbackOut:
    """Tell how a callback stands."""
    return CallbackOut(
        id=public_id(Prefix.CALLBACK, one.id),
        provider=one.provider,
        provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id),
        transport=one.transport,
        state=one.state,
        detail=one.detail,
        size_bytes=one.size_bytes,
        received_at=utc(one.received_at),
        read_at=None if one.read_at is None else utc(one.read_at),
        seen_count=one.seen_count,
        last_seen_at=utc(one.last_seen_at),
    )


def detail_out(stored: StoredCallback) -> CallbackDetailOut:
    """Tell everything that is kept of a callback."""
    return CallbackDetailOut(
        callback=callback_out(stored.summary),
        headers=stored.headers,
        raw_base64=base64.b64encode(stored.raw).decode(),
        events=tuple(_event_out(one) for one in stored.events),
    )


def _event_out(one: StoredEvent) -> CallbackEventOut:
    finding = one.said.finding
    return CallbackEventOut(
        provider_event_id=one.provider_event_id,
        kind=one.said.kind,
        operation_kind=one.said.operation_kind,
        operation_key=one.said.operation_key,
        operation_reference=one.said.operation_reference,
        provider_reference=one.said.provider_reference,
        finding=None if finding is None else str(finding.__struct_config__.tag),
        state=one.state,
        subject=one.subject,
        detail=one.detail,
        seen_count=one.seen_count,
    )


def _refused_out(one: Refusals) -> RefusedCallbacksOut:
    return RefusedCallbacksOut(
        provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id),
        refused_count=one.refused_count,
        last_refused_at=utc(one.last_refused_at),
    )
