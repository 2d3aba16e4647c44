"""Whole ledgers from and into PostgreSQL: read in one snapshot, page by page, taken in by functions."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import groupby
from uuid import UUID

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.engine import SET_TENANT, called, sqlstate_of, unavailable
from application.ports.ledger_copies import (
    FORMAT,
    VERSION,
    Copied,
    CopiedAccount,
    CopiedEntry,
    CopiedHold,
    CopiedReference,
    CopiedReversal,
    CopiedTransaction,
    ImportBegun,
    LedgerCopies,
    Manifest,
)
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, STATE_CONFLICT, VAL_FIELD, ErrorCode, MediatorError
from domain.ids import Prefix, TenantId, public_id

PAGE = 2_000
REMOVED_AT_ONCE = 10_000
BROKEN_RULES = ("22", "23")
"""Classes of SQLSTATE that the data is to blame for: out of range, a constraint is broken (PostgreSQL, appendix A)."""

MANIFEST = text(
    """
    select clock_timestamp() as exported_at, min(recorded_at) as first_recorded_at, max(recorded_at) as last_recorded_at
    from fm.ledger_transactions where tenant_id = :tenant
    """
)
STATES = text("select held_states from fm.ledger_imports where tenant_id = :tenant and state = 'running'")
ACCOUNTS = text(
    """
    select id, code, currency, normal_balance, state, overdraft_limit, posted_debits, posted_credits, pending_debits,
      pending_credits, version, metadata, created_at
    from fm.ledger_accounts where tenant_id = :tenant and id > :after order by id limit :limit
    """
)
TRANSACTIONS = text(
    """
    select id, kind, payment_id, refund_id, hold_id, reverses_id, quote_id, reference, description, metadata, actor,
      request_id, effective_at, recorded_at, payout_id
    from fm.ledger_transactions where tenant_id = :tenant and id > :after order by id limit :limit
    """
)
ENTRIES = text(
    """
    select transaction_id, line, account_id, account_version, balance_minor, payment_id, direction, currency,
      amount_minor, effective_at
    from fm.entries where tenant_id = :tenant and transaction_id > :after and transaction_id <= :upto
    order by transaction_id, line
    """
)
REFERENCES = text(
    """
    select reference, transaction_id, created_at from fm.ledger_references
    where tenant_id = :tenant and reference > :after order by reference limit :limit
    """
)
REVERSALS = text(
    """
    select reverses_id, transaction_id, created_at from fm.ledger_reversals
    where tenant_id = :tenant and reverses_id > :after order by reverses_id limit :limit
    """
)
HOLDS = text(
    """
    select id, payment_id, refund_id, debit_account_id, credit_account_id, currency, amount_minor, posted_minor,
      released_minor, state, at_risk, expires_at, reference, description, metadata, created_at, updated_at,
      payout_id
    from fm.holds where tenant_id = :tenant and id > :after order by id limit :limit
    """
)
FIRST_ID = UUID(int=0)
TABLES: tuple[tuple[TextClause, str, object, type[CopiedReference | CopiedReversal | CopiedHold]], ...] = (
    (REFERENCES, "reference", "", CopiedReference),
    (REVERSALS, "reverses_id", FIRST_ID, CopiedReversal),
    (HOLDS, "id", FIRST_ID, CopiedHold),
)
BEGIN = text("select fm.begin_import(:tenant, cast(:document as jsonb))::text")
TAKE = text("select fm.import_lines(:tenant, :import, :first, :last, cast(:lines as jsonb))")
FINISH = text("select fm.finish_import(:tenant, :import, :after, :limit)")
REMOVE = text("select fm.remove_import(:tenant, :limit)")

REFUSALS: dict[str, tuple[ErrorCode, str]] = {
    "unknown_tenant": (NOT_FOUND, "There is no such tenant."),
    "not_empty": (STATE_CONFLICT, "The tenant has a ledger already."),
    "unfinished": (
        STATE_CONFLICT,
        "Another import into this tenant is not finished: go on with its file or remove it.",
    ),
    "from_the_future": (VAL_FIELD, "The file is younger than the database's clock says that it is now."),
    "too_long": (VAL_FIELD, "The ledger spans more than a hundred years."),
}


class PostgresLedgerCopies(LedgerCopies):
    """Copies ledgers."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections; a reader keeps one until it is done."""
        self._engine = engine

    async def lines(self, tenant_id: TenantId, *, importing: bool = False) -> AsyncGenerator[Manifest | Copied, None]:
        """Read in one transaction that sees the database as it was at its first statement."""
        try:
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                async with connection.begin():
                    await connection.execute(SET_TENANT, {"tenant": str(tenant_id)})
                    yield await _manifest(connection, tenant_id)
                    async for line in _content(connection, tenant_id, importing=importing):
                        yield line
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise unavailable(error) from error

    async def begin(self, tenant_id: TenantId, manifest: Manifest, *, digest: str, audit: AuditRecord) -> ImportBegun:
        """Begin in one call, which also makes room for the months of long ago."""
        document = msgspec.to_builtins(manifest) | {
            "id": str(audit.id),
            "digest": digest,
            "audit": msgspec.to_builtins(audit),
        }
        values = {"tenant": tenant_id, "document": msgspec.json.encode(document).decode()}
        reply = msgspec.json.decode((await called(self._engine, BEGIN, values))[0][0], type=_Begun)
        if reply.id is None:
            entry, detail = REFUSALS[reply.verdict]
            raise MediatorError(entry, detail)
        return ImportBegun(id=reply.id, lines_done=reply.lines_done)

    async def take(self, tenant_id: TenantId, import_id: UUID, *, first_line: int, lines: Sequence[bytes]) -> None:
        """Take lines in one call. Raises VAL_FIELD for what the schema refuses."""
        values = {
            "tenant": tenant_id,
            "import": import_id,
            "first": first_line,
            "last": first_line + len(lines) - 1,
            "lines": (b"[" + b",".join(lines) + b"]").decode(),
        }
        try:
            taken = (await called(self._engine, TAKE, values))[0][0]
        except DBAPIError as error:
            if (sqlstate_of(error) or "").startswith(BROKEN_RULES):
                raise MediatorError(VAL_FIELD, f"Lines {first_line + 1} and following: {error.orig}") from error
            raise
        if not taken:
            raise MediatorError(STATE_CONFLICT, "The import goes on elsewhere, or was removed.")

    async def finish(self, tenant_id: TenantId, import_id: UUID) -> None:
        """Give the accounts their states, page by page."""
        after: UUID | None = FIRST_ID
        while after is not None:
            values = {"tenant": tenant_id, "import": import_id, "after": after, "limit": PAGE}
            try:
                after = (await called(self._engine, FINISH, values))[0][0]
            except DBAPIError as error:
                if sqlstate_of(error) != "FM409":
                    raise
                raise MediatorError(STATE_CONFLICT, "The import was removed.") from error

    async def remove(self, tenant_id: TenantId) -> int:
        """Remove batch by batch."""
        removed = 0
        while gone := (await called(self._engine, REMOVE, {"tenant": tenant_id, "limit": REMOVED_AT_ONCE}))[0][0]:
            removed += gone
        return removed


class _Begun(msgspec.Struct):
    """What the database says to an import."""

    verdict: str
    id: UUID | None = None
    lines_done: int = 0


async def _manifest(connection: AsyncConnection, tenant_id: TenantId) -> Manifest:
    row = (await connection.execute(MANIFEST, {"tenant": tenant_id})).mappings().one()
    return Manifest(format=FORMAT, version=VERSION, tenant=public_id(Prefix.TENANT, tenant_id), **row)


async def _content(connection: AsyncConnection, tenant_id: TenantId, *, importing: bool) -> AsyncIterator[Copied]:
    states: dict[str, str] | None = None
    if importing:
        states = dict((await connection.execute(STATES, {"tenant": tenant_id})).scalar() or {})
    async for page in _pages(connection, tenant_id, ACCOUNTS, "id", FIRST_ID):
        for row in page:
            shown = row if states is None else row | {"state": states.get(str(row["id"]), "active")}
            yield msgspec.convert(shown, CopiedAccount)
    async for transaction in _transactions(connection, tenant_id):
        yield transaction
    for statement, key, first, kind in TABLES:
        async for page in _pages(connection, tenant_id, statement, key, first):
            for row in page:
                yield msgspec.convert(row, kind)


async def _transactions(connection: AsyncConnection, tenant_id: TenantId) -> AsyncIterator[CopiedTransaction]:
    """Read transactions by their identifiers, with the entries of the same."""
    after: object = FIRST_ID
    async for page in _pages(connection, tenant_id, TRANSACTIONS, "id", FIRST_ID):
        values = {"tenant": tenant_id, "after": after, "upto": page[-1]["id"]}
        rows = (await connection.execute(ENTRIES, values)).mappings().all()
        entries = {
            transaction_id: tuple(
                msgspec.convert({name: value for name, value in row.items() if name != "transaction_id"}, CopiedEntry)
                for row in group
            )
            for transaction_id, group in groupby(rows, key=lambda row: row["transaction_id"])
        }
        for row in page:
            yield msgspec.convert(row | {"entries": entries.get(row["id"], ())}, CopiedTransaction)
        after = values["upto"]


async def _pages(
    connection: AsyncConnection, tenant_id: TenantId, statement: TextClause, key: str, first: object
) -> AsyncIterator[list[dict[str, object]]]:
    after = first
    while True:
        values = {"tenant": tenant_id, "after": after, "limit": PAGE}
        rows = [dict(row) for row in (await connection.execute(statement, values)).mappings()]
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1][key]
