"""The inbox of what providers send to us: stored as it came, before anything is made of it."""

from datetime import datetime
from typing import Protocol

import msgspec

from domain.audit import AuditRecord
from domain.events import CallbackReceived
from domain.ids import ProviderAccountId, TenantId


class InboundCallback(msgspec.Struct, frozen=True, kw_only=True):
    """An authentic callback as it arrived: raw bytes and headers, and what identifies it."""

    tenant_id: TenantId
    provider_account_id: ProviderAccountId
    provider: str
    provider_event_id: str
    kind: str
    operation_key: str | None
    headers: dict[str, str]
    raw: bytes
    received_at: datetime


class CallbackInbox(Protocol):
    """Keeps callbacks, each once however often it comes."""

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Find whose provider account it is; None when there is no such account."""
        ...

    async def receive(self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord) -> bool:
        """Store a callback with its event and audit record; True when it is new. A duplicate is counted durably."""
        ...

    async def get(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, provider_event_id: str
    ) -> InboundCallback:
        """Read a callback back. Raises NOT_FOUND."""
        ...
