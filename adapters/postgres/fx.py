"""Rates and quotes in PostgreSQL: one call per move, and everything that belongs to it in that call."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import autocommit, called, reads, sqlstate_of, tenant_reads, unavailable
from application.ports.fx import (
    FxAccounts,
    QuoteChange,
    QuoteExpiry,
    QuoteQueries,
    QuoteRepository,
    RateRepository,
    Written,
)
from application.ports.journal import Answer, Conflict, Keep
from domain.currencies import EXPONENTS
from domain.errors import FX_QUOTE_EXPIRED, IDEM_IN_FLIGHT, IDEM_MISMATCH, NOT_FOUND, MediatorError
from domain.fx.conversion import Exposure, position_code, rounding_code
from domain.fx.quotes import FxQuote, QuoteState
from domain.fx.rates import Rate, RateSheet, Source
from domain.ids import LedgerAccountId, QuoteId, TenantId
from domain.money import Currency

CONFLICT_STATES = frozenset({"FM409", "23505", "40P01", "40001"})

WRITE_RATES = text("select fm_ops.write_rates(cast(:rates as jsonb))::text")
LAST_SHEET = text("""
    select f.source, f.base, f.quote, f.unit, f.side, f.as_of, f.published_at, f.value from fm.fx_rates f
    where f.source = :source and f.as_of = (
      select max(g.as_of) from fm.fx_rates g where g.source = :source and g.as_of <= :until)
    order by f.base, f.quote, f.side
""")
OPEN = text("select fm.open_quote(:tenant, cast(:change as jsonb))::text")
RESERVE = text("select fm.reserve_quote(:tenant, cast(:change as jsonb))::text")
RELEASE = text("select fm.release_quote(:tenant, cast(:change as jsonb))::text")
EXPIRE = text("select fm.expire_quotes(:tenant, :limit)")
DUE_TENANTS = text("select fm_ops.tenants_with_due_quotes(:limit)")
OPEN_ACCOUNTS = text("select fm.open_fx_accounts(:tenant, cast(:accounts as jsonb))::text")
QUOTES = """
    select tenant_id, id, version, state, fixed_side, source_currency, source_minor, target_currency, target_minor,
      terms, reserved_for, transaction_id, expires_at, created_at, updated_at
    from fm.fx_quotes where {conditions} order by id desc limit :limit
"""
EXPOSURES = text("""
    with parts as (
      select a.currency, a.posted_credits::numeric - a.posted_debits as position, 0::numeric as reserved,
        0::numeric as rounding
      from fm.ledger_accounts a where a.tenant_id = :tenant and a.code = any(:positions)
        and a.code = 'fx:position:' || a.currency
      union all
      select a.currency, 0, 0, a.posted_credits::numeric - a.posted_debits
      from fm.ledger_accounts a where a.tenant_id = :tenant and a.code = any(:roundings)
        and a.code = 'rounding:' || a.currency
      union all
      select q.source_currency, 0,
        q.source_minor - case q.fixed_side when 'target' then (q.terms->>'rounding_minor')::bigint else 0 end, 0
      from fm.fx_quotes q where q.tenant_id = :tenant and q.state = 'reserved'
      union all
      select q.target_currency, 0,
        -q.target_minor - case q.fixed_side when 'source' then (q.terms->>'rounding_minor')::bigint else 0 end, 0
      from fm.fx_quotes q where q.tenant_id = :tenant and q.state = 'reserved'
    )
    select currency, sum(position) as position_minor, sum(reserved) as reserved_minor, sum(rounding) as rounding_minor
    from parts group by currency order by currency
""")


class PostgresRateRepository(RateRepository):
    """Keeps what sources published."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def write(self, sheets: Sequence[RateSheet]) -> Written:
        """Replace the days of these sheets, in one call."""
        rates = [rate for sheet in sheets for rate in sheet.rates]
        values = {"rates": msgspec.json.encode(rates).decode()}
        reply = (await called(self._engine, WRITE_RATES, values))[0][0]
        return msgspec.json.decode(reply, type=Written)

    async def find_last(self, source: Source, *, until: date) -> RateSheet | None:
        """Read the rows of the last day up to that one."""
        async with reads(self._engine) as connection:
            values = {"source": source.value, "until": until}
            rows = (await connection.execute(LAST_SHEET, values)).mappings().all()
        rates = tuple(msgspec.convert(dict(row), Rate) for row in rows)
        return RateSheet(source=source, as_of=rates[0].as_of, rates=rates) if rates else None


class _Reply(msgspec.Struct):
    """What a move of a quote answers: its own verdict, or what is known of the key."""

    verdict: str
    status: int = 0
    content_type: str = ""
    location: str | None = None
    body: str = ""
    retry_after: int | None = None


class PostgresQuoteRepository(QuoteRepository):
    """Moves quotes, by their version and their state."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def open(self, change: QuoteChange) -> Answer | None:
        """Call `fm.open_quote`."""
        return await self._move(OPEN, change)

    async def reserve(self, change: QuoteChange) -> Answer | None:
        """Call `fm.reserve_quote`, which tests the expiry."""
        return await self._move(RESERVE, change)

    async def release(self, change: QuoteChange) -> Answer | None:
        """Call `fm.release_quote`."""
        return await self._move(RELEASE, change)

    async def _move(self, statement: TextClause, change: QuoteChange) -> Answer | None:
        document = {"quote": change.quote, "audit": change.audit, "keep": _kept(change.keep)}
        values = {"tenant": change.quote.tenant_id, "change": msgspec.json.encode(document).decode()}
        try:
            async with autocommit(self._engine) as connection:
                reply = (await connection.execute(statement, values)).scalar_one()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if isinstance(error, DBAPIError) and sqlstate_of(error) in CONFLICT_STATES:
                raise Conflict(str(error.orig)) from error
            raise unavailable(error) from error
        return _verdict(msgspec.json.decode(reply, type=_Reply))


class PostgresQuoteQueries(QuoteQueries):
    """Reads quotes of one tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, quote_id: QuoteId) -> FxQuote:
        """Read one along its key."""
        found = await self._read("tenant_id = :tenant and id = :id", tenant_id, {"id": quote_id, "limit": 1})
        if not found:
            raise MediatorError(NOT_FOUND, "There is no such quote.")
        return found[0]

    async def page(
        self, tenant_id: TenantId, *, state: QuoteState | None, before: QuoteId | None, limit: int
    ) -> tuple[FxQuote, ...]:
        """Read a page along the key, which is ordered by time."""
        conditions = ["tenant_id = :tenant"]
        values: dict[str, object] = {"limit": limit}
        if state is not None:
            conditions.append("state = :state")
            values["state"] = state.value
        if before is not None:
            conditions.append("id < :before")
            values["before"] = before
        return await self._read(" and ".join(conditions), tenant_id, values)

    async def _read(self, conditions: str, tenant_id: TenantId, values: Mapping[str, object]) -> tuple[FxQuote, ...]:
        statement = text(QUOTES.format(conditions=conditions))
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement, {"tenant": tenant_id, **values})).mappings().all()
        return tuple(msgspec.convert(dict(row), FxQuote) for row in rows)


class PostgresQuoteExpiry(QuoteExpiry):
    """Expires quotes tenant by tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Read along the index of open quotes."""
        return tuple(TenantId(row[0]) for row in await called(self._engine, DUE_TENANTS, {"limit": limit}))

    async def expire(self, tenant_id: TenantId, *, limit: int) -> int:
        """Call `fm.expire_quotes`."""
        return int((await called(self._engine, EXPIRE, {"tenant": tenant_id, "limit": limit}))[0][0])


class PostgresFxAccounts(FxAccounts):
    """Opens and reads the positions."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def ensure(self, tenant_id: TenantId, wanted: Mapping[str, Currency]) -> Mapping[str, LedgerAccountId]:
        """Call `fm.open_fx_accounts`, which only reads where all are open."""
        accounts = [{"code": code, "currency": currency} for code, currency in wanted.items()]
        values = {"tenant": tenant_id, "accounts": msgspec.json.encode(accounts).decode()}
        reply = (await called(self._engine, OPEN_ACCOUNTS, values))[0][0]
        return msgspec.json.decode(reply, type=dict[str, LedgerAccountId])

    async def exposures(self, tenant_id: TenantId) -> tuple[Exposure, ...]:
        """Add up positions, rounding and reserved quotes."""
        values = {
            "tenant": tenant_id,
            "positions": [position_code(Currency(code)) for code in EXPONENTS],
            "roundings": [rounding_code(Currency(code)) for code in EXPONENTS],
        }
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(EXPOSURES, values)).mappings().all()
        return tuple(
            Exposure(
                currency=row["currency"],
                position_minor=int(row["position_minor"]),
                reserved_minor=int(row["reserved_minor"]),
                rounding_minor=int(row["rounding_minor"]),
            )
            for row in rows
        )


def _kept(keep: Keep | None) -> dict[str, object] | None:
    """Write an answer and its key as the functions read them."""
    if keep is None:
        return None
    return {
        "route": keep.key.route,
        "key": keep.key.key,
        "fingerprint": keep.key.fingerprint.hex(),
        "status": keep.answer.status,
        "content_type": keep.answer.content_type,
        "location": keep.answer.location,
        "body": base64.b64encode(keep.answer.body).decode(),
    }


def _verdict(reply: _Reply) -> Answer | None:
    """Read a verdict; None when the move was made. Raises what the ports of quotes promise."""
    match reply.verdict:
        case "committed":
            return None
        case "answer":
            body = base64.b64decode(reply.body)
            return Answer(reply.status, reply.content_type, body, reply.location, replayed=True)
        case "expired":
            raise MediatorError(FX_QUOTE_EXPIRED, "The quote's time was over before it was reserved.")
        case "moved_on":
            raise Conflict("the quote moved on")
        case "mismatch":
            raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
        case "in_flight":
            detail = "The first request with this key is still running."
            raise MediatorError(IDEM_IN_FLIGHT, detail, retry_after_seconds=reply.retry_after)
        case unknown:
            message = f"fm functions gave the verdict {unknown!r}"
            raise ValueError(message)
