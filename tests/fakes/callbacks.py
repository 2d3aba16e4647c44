"""The inbox of callbacks in memory."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from application.ports.callbacks import (
    CallbackFilter,
    CallbackInbox,
    CallbackQueries,
    CallbackSummary,
    InboundCallback,
    Receipt,
    Refusals,
    StoredCallback,
    StoredEvent,
)
from domain.audit import AuditRecord
from domain.callbacks import CallbackState, kept_name, lane_of
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import CallbackId, ProviderAccountId, TenantId
from domain.providers import CallbackEvent, Unreadable
from tests.fakes.tables import MemoryDatabase, Tables

DONE = {CallbackState.APPLIED, CallbackState.IGNORED}


class MemoryCallbackInbox(CallbackInbox, CallbackQueries):
    """Keeps callbacks, each once, with a count of how often it came."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Find whose provider account it is."""
        account = self._database.accounts.get(provider_account_id)
        return None if account is None else account.tenant_id

    async def receive(
        self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord, *, again: bool
    ) -> Receipt:
        """Store a callback with its event and audit record; count a duplicate."""
        tables, now = self._database.tables(callback.tenant_id), self._database.clock()
        known = next((one for one in tables.callbacks.values() if _is_same(one, callback)), None)
        if known is None:
            tables.callbacks[callback.id] = _stored(callback, now)
            tables.write_events((event,), audit)
            return Receipt(callback.tenant_id, callback.id, is_new=True)
        summary = known.summary
        seen = replace(summary, seen_count=summary.seen_count + 1, last_seen_at=now)
        wakes = again and summary.state in DONE
        if wakes:
            seen = replace(seen, state=CallbackState.RECEIVED, detail=None)
            tables.write_events((replace(event, callback_id=summary.id),), audit)
        tables.callbacks[summary.id] = replace(known, summary=seen)

        def counted(one: StoredEvent) -> StoredEvent:
            state = CallbackState.RECEIVED if wakes else one.state
            return replace(one, seen_count=one.seen_count + 1, last_seen_at=now, state=state)

        self._each_event(tables, summary.id, counted)
        return Receipt(callback.tenant_id, summary.id, is_new=False)

    async def count_refusal(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> None:
        """Count one more."""
        refused = self._database.tables(tenant_id).refused
        refused[provider_account_id] = (refused.get(provider_account_id, (0, None))[0] + 1, self._database.clock())

    async def get(self, tenant_id: TenantId, callback_id: CallbackId) -> StoredCallback:
        """Read a callback with its events. Raises NOT_FOUND."""
        tables = self._database.tables(tenant_id)
        if callback_id not in tables.callbacks:
            raise MediatorError(NOT_FOUND, "There is no such callback.")
        events = [one for one in tables.callback_events.values() if one.callback_id == callback_id]
        ordered = tuple(sorted(events, key=lambda one: one.position))
        return replace(tables.callbacks[callback_id], events=ordered)

    async def unread(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, *, up_to: CallbackId, limit: int
    ) -> tuple[CallbackId, ...]:
        """Give what is not parsed yet, in order of receipt."""
        summaries = [one.summary for one in self._database.tables(tenant_id).callbacks.values()]
        waiting = [
            one.id
            for one in summaries
            if one.provider_account_id == provider_account_id and one.read_at is None and one.id <= up_to
        ]
        return tuple(sorted(waiting)[:limit])

    async def read(
        self, tenant_id: TenantId, callback_id: CallbackId, said: tuple[CallbackEvent, ...] | Unreadable
    ) -> None:
        """Keep what was read, once."""
        tables = self._database.tables(tenant_id)
        if callback_id in tables.callbacks and tables.callbacks[callback_id].summary.read_at is None:
            self._keep(tables, callback_id, said, again=False)

    async def reread(
        self,
        tenant_id: TenantId,
        callback_id: CallbackId,
        said: tuple[CallbackEvent, ...] | Unreadable,
        audit: AuditRecord,
    ) -> None:
        """Keep what is read now, with its audit record."""
        tables = self._database.tables(tenant_id)
        tables.audit.append(audit)
        gone = "it is no longer read from these bytes"
        self._each_event(tables, callback_id, lambda one: replace(one, state=CallbackState.IGNORED, detail=gone))
        self._keep(tables, callback_id, said, again=True)

    async def must_wait(self, tenant_id: TenantId, event: StoredEvent, *, since: datetime) -> bool:
        """Look for an earlier one in the lane."""
        tables = self._database.tables(tenant_id)
        return any(
            one.provider_account_id == event.provider_account_id
            and one.lane == event.lane
            and one.state is CallbackState.RECEIVED
            and (one.callback_id, one.position) < (event.callback_id, event.position)
            and tables.callbacks[one.callback_id].summary.received_at >= since
            for one in tables.callback_events.values()
        )

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
        events = self._database.tables(tenant_id).callback_events
        key = (event.provider_account_id, event.provider_event_id)
        events[key] = replace(events[key], state=state, subject=subject, detail=detail)

    async def finish(self, tenant_id: TenantId, callback_id: CallbackId) -> None:
        """Write down what became of a callback."""
        tables = self._database.tables(tenant_id)
        states = {one.state for one in tables.callback_events.values() if one.callback_id == callback_id}
        callback = tables.callbacks[callback_id]
        summary = callback.summary
        if summary.state is CallbackState.RECEIVED and summary.read_at and CallbackState.RECEIVED not in states:
            state = CallbackState.APPLIED if CallbackState.APPLIED in states else CallbackState.IGNORED
            tables.callbacks[callback_id] = replace(callback, summary=replace(summary, state=state))

    async def page(
        self, tenant_id: TenantId, wanted: CallbackFilter, *, before: CallbackId | None, limit: int
    ) -> tuple[CallbackSummary, ...]:
        """List callbacks, newest first."""
        summaries = [one.summary for one in self._database.tables(tenant_id).callbacks.values()]
        found = [one for one in summaries if _is_wanted(one, wanted) and (before is None or one.id < before)]
        return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])

    async def refusals(self, tenant_id: TenantId) -> tuple[Refusals, ...]:
        """Give the counts of all accounts."""
        refused = self._database.tables(tenant_id).refused
        return tuple(
            Refusals(provider_account_id=account, refused_count=count, last_refused_at=at)
            for account, (count, at) in sorted(refused.items())
        )

    def _keep(
        self,
        tables: Tables,
        callback_id: CallbackId,
        said: tuple[CallbackEvent, ...] | Unreadable,
        *,
        again: bool,
    ) -> None:
        callback, now = tables.callbacks[callback_id], self._database.clock()
        state, detail = CallbackState.RECEIVED, None
        if isinstance(said, Unreadable):
            state, detail = CallbackState.UNREADABLE, said.reason
        summary = replace(callback.summary, read_at=now, state=state, detail=detail)
        tables.callbacks[callback_id] = replace(callback, summary=summary)
        fresh: dict[str, StoredEvent] = {}
        for position, one in enumerate(() if isinstance(said, Unreadable) else said, 1):
            fresh.setdefault(kept_name(one.event_id), _event(one, position, summary))
        for name, event in fresh.items():
            key = (summary.provider_account_id, name)
            known = tables.callback_events.get(key)
            if known is None:
                tables.callback_events[key] = event
                continue
            count = known.seen_count + (0 if again else event.seen_count)
            kept = event if known.callback_id == callback_id else known
            last = max(known.last_seen_at, event.last_seen_at)
            tables.callback_events[key] = replace(kept, seen_count=count, last_seen_at=last)

    def _each_event(
        self, tables: Tables, callback_id: CallbackId, change: Callable[[StoredEvent], StoredEvent]
    ) -> None:
        for key, one in tables.callback_events.items():
            if one.callback_id == callback_id:
                tables.callback_events[key] = change(one)


def _is_same(stored: StoredCallback, callback: InboundCallback) -> bool:
    return stored.summary.provider_account_id == callback.provider_account_id and stored.raw == callback.raw


def _stored(callback: InboundCallback, now: datetime) -> StoredCallback:
    shared = {name: getattr(callback, name) for name in InboundCallback.__struct_fields__}
    headers, raw = shared.pop("headers"), shared.pop("raw")
    summary = CallbackSummary(
        **shared,
        state=CallbackState.RECEIVED,
        detail=None,
        size_bytes=len(raw),
        read_at=None,
        seen_count=1,
        last_seen_at=now,
    )
    return StoredCallback(summary=summary, headers=headers, raw=raw, events=())


def _event(said: CallbackEvent, position: int, summary: CallbackSummary) -> StoredEvent:
    return StoredEvent(
        provider_account_id=summary.provider_account_id,
        provider_event_id=kept_name(said.event_id),
        callback_id=summary.id,
        position=position,
        lane=lane_of(said),
        # Through JSON and back, as in the database.
        said=msgspec.json.decode(msgspec.json.encode(said), type=CallbackEvent),
        state=CallbackState.RECEIVED,
        subject=None,
        detail=None,
        seen_count=summary.seen_count,
        last_seen_at=summary.last_seen_at,
    )


def _is_wanted(one: CallbackSummary, wanted: CallbackFilter) -> bool:
    return (
        wanted.provider_account_id in {None, one.provider_account_id}
        and wanted.provider in {None, one.provider}
        and wanted.state in {None, one.state}
        and (wanted.received_from is None or one.received_at >= wanted.received_from)
        and (wanted.received_before is None or one.received_at < wanted.received_before)
    )
