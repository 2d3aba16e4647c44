"""The inbox of callbacks in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.callback_rows import EVENTS, ONE, event_of, summary_of
from adapters.postgres.engine import called, tenant_reads
from application.ports.callbacks import CallbackInbox, InboundCallback, Receipt, StoredCallback, StoredEvent
from domain.audit import AuditRecord
from domain.callbacks import CallbackState, kept_name, lane_of
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import CallbackId, Prefix, ProviderAccountId, TenantId, public_id
from domain.providers import CallbackEvent, Unreadable

FIND_TENANT = text("select tenant_id from fm.provider_account_directory where provider_account_id = :account")
RECEIVE = text(
    """
    select callback_id, is_new from fm.receive_callback(:tenant, cast(:callback as jsonb), :raw, :again,
      cast(:event as jsonb), cast(:audit as jsonb))
    """
)
COUNT_REFUSAL = text("select fm.count_refused_callback(:tenant, :account)")
UNREAD = text(
    """
    select id from fm.callbacks
    where tenant_id = :tenant and provider_account_id = :account and read_at is null and id <= :up_to
    order by id limit :limit
    """
)
READ = text("select fm.read_callback(:tenant, :callback, cast(:events as jsonb), :unreadable, cast(:audit as jsonb))")
EARLIER = text(
    """
    select exists (
      select from fm.callback_events e join fm.callbacks c on c.tenant_id = e.tenant_id and c.id = e.callback_id
      where e.tenant_id = :tenant and e.provider_account_id = :account and e.lane = :lane and e.state = 'received'
        and (e.callback_id, e.position) < (:callback, :position) and c.received_at >= :since)
    """
)
SETTLE = text("select fm.settle_callback_event(:tenant, :account, :event, :state, :subject, :detail)")
FINISH = text("select fm.finish_callback(:tenant, :callback)")


class PostgresCallbackInbox(CallbackInbox):
    """Stores a callback with its event, outbox row and audit record in one call."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Look the account up in the directory."""
        rows = await called(self._engine, FIND_TENANT, {"account": provider_account_id})
        return TenantId(rows[0][0]) if rows else None

    async def receive(
        self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord, *, again: bool
    ) -> Receipt:
        """Store it; a duplicate bumps its count, durably, before anybody is told that it arrived."""
        document = {
            "id": callback.id,
            "provider_account_id": callback.provider_account_id,
            "provider": callback.provider,
            "transport": callback.transport,
            "headers": callback.headers,
            "received_at": callback.received_at,
        }
        values = {
            "tenant": callback.tenant_id,
            "callback": _json(document),
            "raw": callback.raw,
            "again": again,
            "event": _json(event),
            "audit": _json(audit),
        }
        callback_id, is_new = (await called(self._engine, RECEIVE, values))[0]
        return Receipt(callback.tenant_id, CallbackId(callback_id), bool(is_new))

    async def count_refusal(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> None:
        """Count one more."""
        await called(self._engine, COUNT_REFUSAL, {"tenant": tenant_id, "account": provider_account_id})

    async def get(self, tenant_id: TenantId, callback_id: CallbackId) -> StoredCallback:
        """Read a callback with its events. Raises NOT_FOUND."""
        values = {"tenant": tenant_id, "callback": callback_id}
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(ONE, values)).mappings().one_or_none()
            events = (await connection.execute(EVENTS, values)).mappings().all()
        if row is None:
            raise MediatorError(NOT_FOUND, f"There is no callback {public_id(Prefix.CALLBACK, callback_id)}.")
        return StoredCallback(
            summary=summary_of(row),
            headers=msgspec.json.decode(row["headers"], type=dict[str, str]),
            raw=row["raw"],
            events=tuple(event_of(one) for one in events),
        )

    async def unread(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, *, up_to: CallbackId, limit: int
    ) -> tuple[CallbackId, ...]:
        """Give what is not parsed yet, in order of receipt."""
        values = {"tenant": tenant_id, "account": provider_account_id, "up_to": up_to, "limit": limit}
        async with tenant_reads(self._engine, tenant_id) as connection:
            return tuple(CallbackId(one) for one in (await connection.execute(UNREAD, values)).scalars())

    async def read(
        self, tenant_id: TenantId, callback_id: CallbackId, said: tuple[CallbackEvent, ...] | Unreadable
    ) -> None:
        """Keep what was read, once."""
        await self._read(tenant_id, callback_id, said, None)

    async def reread(
        self,
        tenant_id: TenantId,
        callback_id: CallbackId,
        said: tuple[CallbackEvent, ...] | Unreadable,
        audit: AuditRecord,
    ) -> None:
        """Keep what is read now, with its audit record."""
        await self._read(tenant_id, callback_id, said, audit)

    async def must_wait(self, tenant_id: TenantId, event: StoredEvent, *, since: datetime) -> bool:
        """Look for an earlier one in the lane."""
        values = {
            "tenant": tenant_id,
            "account": event.provider_account_id,
            "lane": event.lane,
            "callback": event.callback_id,
            "position": event.position,
            "since": since,
        }
        async with tenant_reads(self._engine, tenant_id) as connection:
            return bool((await connection.execute(EARLIER, values)).scalar_one())

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
        values = {
            "tenant": tenant_id,
            "account": event.provider_account_id,
            "event": event.provider_event_id,
            "state": state.value,
            "subject": subject,
            "detail": detail,
        }
        await called(self._engine, SETTLE, values)

    async def finish(self, tenant_id: TenantId, callback_id: CallbackId) -> None:
        """Write down what became of a callback."""
        await called(self._engine, FINISH, {"tenant": tenant_id, "callback": callback_id})

    async def _read(
        self,
        tenant_id: TenantId,
        callback_id: CallbackId,
        said: tuple[CallbackEvent, ...] | Unreadable,
        audit: AuditRecord | None,
    ) -> None:
        unreadable = said.reason if isinstance(said, Unreadable) else None
        values = {
            "tenant": tenant_id,
            "callback": callback_id,
            "events": _json([] if isinstance(said, Unreadable) else [_event(one) for one in said]),
            "unreadable": unreadable,
            "audit": None if audit is None else _json(audit),
        }
        await called(self._engine, READ, values)


def _event(said: CallbackEvent) -> Mapping[str, str]:
    return {"id": kept_name(said.event_id), "lane": lane_of(said), "said": _json(said)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
