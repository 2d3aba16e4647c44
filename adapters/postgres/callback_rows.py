"""Reading callbacks from their tables, one by one or in pages."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, column, func, select, table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import tenant_reads
from adapters.postgres.payments import CLOCK_SLACK, earliest_id
from application.ports.callbacks import CallbackFilter, CallbackQueries, CallbackSummary, Refusals, StoredEvent
from domain.ids import CallbackId, TenantId
from domain.providers import CallbackEvent

PLAIN = tuple(name for name in CallbackSummary.__struct_fields__ if name != "size_bytes")
callbacks = table("callbacks", *(column(name) for name in (*PLAIN, "raw")), schema="fm")

ONE = text(
    """
    select tenant_id, id, provider_account_id, provider, transport, state, detail, octet_length(raw) as size_bytes,
      received_at, read_at, seen_count, last_seen_at, headers::text as headers, raw
    from fm.callbacks where tenant_id = :tenant and id = :callback
    """
)
EVENTS = text(
    """
    select provider_account_id, provider_event_id, callback_id, position, lane, said, state, subject, detail,
      seen_count, last_seen_at
    from fm.callback_events where tenant_id = :tenant and callback_id = :callback order by position
    """
)
REFUSALS = text(
    """
    select provider_account_id, refused_count, last_refused_at
    from fm.callback_refusals where tenant_id = :tenant order by provider_account_id
    """
)


class PostgresCallbackQueries(CallbackQueries):
    """Reads for lists; the bytes stay where they are."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def page(
        self, tenant_id: TenantId, wanted: CallbackFilter, *, before: CallbackId | None, limit: int
    ) -> tuple[CallbackSummary, ...]:
        """List callbacks, newest first, along (tenant_id, [filtered column,] id)."""
        conditions = [callbacks.c.tenant_id == tenant_id, *_conditions(wanted)]
        if before is not None:
            conditions.append(callbacks.c.id < before)
        columns = [callbacks.c[name] for name in PLAIN]
        size = func.octet_length(callbacks.c.raw).label("size_bytes")
        statement = select(*columns, size).where(and_(*conditions)).order_by(callbacks.c.id.desc()).limit(limit)
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(summary_of(row) for row in rows)

    async def refusals(self, tenant_id: TenantId) -> tuple[Refusals, ...]:
        """Give the counts of all accounts."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(REFUSALS, {"tenant": tenant_id})).mappings().all()
        return tuple(msgspec.convert(dict(row), Refusals) for row in rows)


def summary_of(row: Mapping[Any, Any]) -> CallbackSummary:
    """Read a row, whatever else is in it."""
    return msgspec.convert({name: row[name] for name in CallbackSummary.__struct_fields__}, CallbackSummary)


def event_of(row: Mapping[Any, Any]) -> StoredEvent:
    """Read an event's row."""
    return msgspec.convert(dict(row) | {"said": _said(row["said"])}, StoredEvent)


def _said(text_: str) -> CallbackEvent:
    return msgspec.json.decode(text_, type=CallbackEvent)


def _conditions(wanted: CallbackFilter) -> list[ColumnElement[bool]]:
    """Write a filter as conditions; times also bound the id, which is what the index is ordered by."""
    given = {
        "provider_account_id": wanted.provider_account_id,
        "provider": wanted.provider,
        "state": wanted.state,
    }
    conditions = [callbacks.c[name] == value for name, value in given.items() if value is not None]
    if wanted.received_from is not None:
        conditions.append(callbacks.c.received_at >= wanted.received_from)
        conditions.append(callbacks.c.id >= earliest_id(wanted.received_from, -CLOCK_SLACK))
    if wanted.received_before is not None:
        conditions.append(callbacks.c.received_at < wanted.received_before)
        conditions.append(callbacks.c.id < earliest_id(wanted.received_before, CLOCK_SLACK))
    return conditions
