"""The inbox of callbacks in PostgreSQL."""

import base64

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.callbacks import CallbackInbox, InboundCallback
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import ProviderAccountId, TenantId

FIND_TENANT = text("select tenant_id from fm.provider_account_directory where provider_account_id = :account")
RECEIVE = text(
    "select fm.receive_callback(:tenant, cast(:callback as jsonb), cast(:event as jsonb), cast(:audit as jsonb))"
)
GET = text(
    """
    select tenant_id, provider_account_id, provider, provider_event_id, kind, operation_key, headers::text as headers,
      raw, received_at
    from fm.inbound_events
    where tenant_id = :tenant and provider_account_id = :account and provider_event_id = :event
    """
)


class PostgresCallbackInbox(CallbackInbox):
    """Stores a callback with its event, outbox row and audit record in one call."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Look the account up in the directory."""
        rows = await called(self._engine, FIND_TENANT, {"account": provider_account_id})
        return TenantId(rows[0][0]) if rows else None

    async def receive(self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord) -> bool:
        """Store it; a duplicate bumps its count, durably, before anybody is told that it arrived."""
        document = msgspec.to_builtins(callback) | {"raw": base64.b64encode(callback.raw).decode()}
        values = {
            "tenant": callback.tenant_id,
            "callback": msgspec.json.encode(document).decode(),
            "event": msgspec.json.encode(event).decode(),
            "audit": msgspec.json.encode(audit).decode(),
        }
        return bool((await called(self._engine, RECEIVE, values))[0][0])

    async def get(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, provider_event_id: str
    ) -> InboundCallback:
        """Read a callback back. Raises NOT_FOUND."""
        values = {"tenant": tenant_id, "account": provider_account_id, "event": provider_event_id}
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(GET, values)).mappings().one_or_none()
        if row is None:
            raise MediatorError(NOT_FOUND, "There is no such callback.")
        return msgspec.convert(dict(row) | {"headers": msgspec.json.decode(row["headers"])}, InboundCallback)
