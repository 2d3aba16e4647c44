"""The inbox of what providers send to us: stored as it came, before anything is made of it."""

from datetime import datetime
from typing import Protocol

import msgspec

from domain.audit import AuditRecord
from domain.callbacks import CallbackState
from domain.events import CallbackReceived
from domain.ids import CallbackId, ProviderAccountId, TenantId
from domain.manifests import CallbackTransport
from domain.providers import CallbackEvent, Unreadable


class InboundCallback(msgspec.Struct, frozen=True, kw_only=True):
    """An authentic callback as it arrived: raw bytes and headers."""

    tenant_id: TenantId
    id: CallbackId
    provider_account_id: ProviderAccountId
    provider: str
    transport: CallbackTransport
    headers: dict[str, str]
    raw: bytes
    received_at: datetime


class Receipt(msgspec.Struct, frozen=True):
    """Under which id a callback is kept, and whether it came for the first time."""

    tenant_id: TenantId
    callback_id: CallbackId
    is_new: bool


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was read from a callback, kept once per provider account under the provider's name for it.

    `subject` is the payment or payout that it turned out to concern; `seen_count` how often it came, in whatever bytes.
    """

    provider_account_id: ProviderAccountId
    provider_event_id: str
    callback_id: CallbackId
    position: int
    lane: str
    said: CallbackEvent
    state: CallbackState
    subject: str | None
    detail: str | None
    seen_count: int
    last_seen_at: datetime


class CallbackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How a callback stands. `read_at` is when it was parsed, None before; `detail` says why it is as it is."""

    tenant_id: TenantId
    id: CallbackId
    provider_account_id: ProviderAccountId
    provider: str
    transport: CallbackTransport
    state: CallbackState
    detail: str | None
    size_bytes: int
    received_at: datetime
    read_at: datetime | None
    seen_count: int
    last_seen_at: datetime


class StoredCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback with its bytes, and what was read from them so far. Events that came before belong to their first."""

    summary: CallbackSummary
    headers: dict[str, str]
    raw: bytes
    events: tuple[StoredEvent, ...]


class CallbackInbox(Protocol):
    """Keeps callbacks, each once however often it comes."""

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Find whose provider account it is; None when there is no such account."""
        ...

    async def receive(
        self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord, *, again: bool
    ) -> Receipt:
        """Store a callback with its event and audit record.

        The same bytes for the same account are a duplicate: counted durably, nothing else. With `again` a duplicate of
        one that was already dealt with is given to a worker once more: it may be a bare hint, which looks alike
        whenever it comes.
        """
        ...

    async def count_refusal(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> None:
        """Count, durably, something that was sent to an account's address and was not authentic."""
        ...

    async def get(self, tenant_id: TenantId, callback_id: CallbackId) -> StoredCallback:
        """Read a callback back. Raises NOT_FOUND."""
        ...

    async def unread(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, *, up_to: CallbackId, limit: int
    ) -> tuple[CallbackId, ...]:
        """Give the callbacks of an account that nobody has parsed yet, in order of receipt, up to this one."""
        ...

    async def read(
        self, tenant_id: TenantId, callback_id: CallbackId, said: tuple[CallbackEvent, ...] | Unreadable
    ) -> None:
        """Keep what was read from a callback; does nothing when that was kept already.

        An event that came before in other bytes stays with those, and is counted.
        """
        ...

    async def reread(
        self,
        tenant_id: TenantId,
        callback_id: CallbackId,
        said: tuple[CallbackEvent, ...] | Unreadable,
        audit: AuditRecord,
    ) -> None:
        """Keep what is read from a callback now, instead of what was read before; its events wait again."""
        ...

    async def must_wait(self, tenant_id: TenantId, event: StoredEvent, *, since: datetime) -> bool:
        """Whether an earlier event of the same lane, received since then, is not dealt with yet."""
        ...

    async def settle(
        self,
        tenant_id: TenantId,
        event: StoredEvent,
        state: CallbackState,
        *,
        subject: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Write down what became of an event."""
        ...

    async def finish(self, tenant_id: TenantId, callback_id: CallbackId) -> None:
        """Write down what became of a callback when none of its events waits any more."""
        ...


class CallbackFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which callbacks to list: every given condition must hold; times are UTC, `received_from` inclusive."""

    provider_account_id: ProviderAccountId | None = None
    provider: str | None = None
    state: CallbackState | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """How often something that was not authentic came to the address of a provider account."""

    provider_account_id: ProviderAccountId
    refused_count: int
    last_refused_at: datetime


class CallbackQueries(Protocol):
    """Reads for people and programs that look, not decide."""

    async def page(
        self, tenant_id: TenantId, wanted: CallbackFilter, *, before: CallbackId | None, limit: int
    ) -> tuple[CallbackSummary, ...]:
        """List callbacks, newest first, older than `before`."""
        ...

    async def refusals(self, tenant_id: TenantId) -> tuple[Refusals, ...]:
        """Give the counts of all provider accounts to which something came that was not authentic."""
        ...
