"""Reading payouts from PostgreSQL: whole in one round trip, pages along the time-ordered key."""

import msgspec
from sqlalchemy import ColumnElement, and_, column, select, table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from adapters.postgres.payments import CLOCK_SLACK, earliest_id
from application.ports.payments import BookedEntry
from application.ports.payouts import PayoutFilter, PayoutQueries, PayoutRepository
from domain.errors import NOT_FOUND, MediatorError
from domain.events import Event
from domain.ids import PayoutId, Prefix, ProviderAccountId, TenantId, public_id
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout

payouts = table("payouts", *(column(name) for name in Payout.__struct_fields__), schema="fm")

READ = text("select fm.read_payout(:tenant, :payout)::text")
BY_KEY = text("select payout_id from fm.payout_operations where tenant_id = :tenant and key = :key")
BY_REFERENCE = text(
    """
    select o.payout_id from fm.payout_operations o
      join fm.payouts p on p.tenant_id = o.tenant_id and p.id = o.payout_id
    where o.tenant_id = :tenant and o.provider_reference = :reference and p.provider_account_id = :account
    order by o.payout_id limit 1
    """
)
EVENTS = text(
    "select body::text from fm.events where tenant_id = :tenant and payout_id = :payout order by recorded_at, id"
)
ENTRIES = text(
    """
    select e.transaction_id, e.line, t.kind, e.payment_id, t.refund_id, e.account_id, a.code as account_code,
      e.direction, e.amount_minor, e.currency, e.balance_minor, e.account_version, t.reference, t.effective_at,
      e.recorded_at
    from fm.ledger_transactions t
      join fm.entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.recorded_at = t.recorded_at
      join fm.ledger_accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
    where t.tenant_id = :tenant and t.payout_id = :payout
    order by e.recorded_at, e.transaction_id, e.line
    """
)


class PostgresPayoutRepository(PayoutRepository):
    """Reads a payout with one call, as of one snapshot."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, payout_id: PayoutId) -> PayoutDossier:
        """Read a payout with its beneficiary and operation. Raises NOT_FOUND."""
        document = (await called(self._engine, READ, {"tenant": tenant_id, "payout": payout_id}))[0][0]
        if document is None:
            raise MediatorError(NOT_FOUND, f"There is no payout {public_id(Prefix.PAYOUT, payout_id)}.")
        return msgspec.json.decode(document, type=PayoutDossier)

    async def find_by_key(self, tenant_id: TenantId, key: str) -> PayoutId | None:
        """Find a payout by its outbound idempotency key."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = (await connection.execute(BY_KEY, {"tenant": tenant_id, "key": key})).scalar_one_or_none()
        return None if found is None else PayoutId(found)

    async def find_by_reference(
        self, tenant_id: TenantId, account: ProviderAccountId, provider_reference: str
    ) -> PayoutId | None:
        """Find a payout by what the provider of that account calls it."""
        values = {"tenant": tenant_id, "account": account, "reference": provider_reference}
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = (await connection.execute(BY_REFERENCE, values)).scalar_one_or_none()
        return None if found is None else PayoutId(found)


class PostgresPayoutQueries(PayoutQueries):
    """Reads for lists and histories."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def page(
        self, tenant_id: TenantId, wanted: PayoutFilter, *, before: PayoutId | None, limit: int
    ) -> tuple[Payout, ...]:
        """List payouts, newest first, along (tenant_id, [filtered column,] id)."""
        conditions = [payouts.c.tenant_id == tenant_id, *_conditions(wanted)]
        if before is not None:
            conditions.append(payouts.c.id < before)
        statement = select(payouts).where(and_(*conditions)).order_by(payouts.c.id.desc()).limit(limit)
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(msgspec.convert(dict(row), Payout) for row in rows)

    async def events(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[Event, ...]:
        """Give all that happened to a payout, in order."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = await connection.execute(EVENTS, {"tenant": tenant_id, "payout": payout_id})
            return tuple(msgspec.json.decode(body, type=Event) for body in rows.scalars())

    async def entries(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payout, in order."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = await connection.execute(ENTRIES, {"tenant": tenant_id, "payout": payout_id})
            return tuple(msgspec.convert(dict(row), BookedEntry) for row in rows.mappings())


def _conditions(wanted: PayoutFilter) -> list[ColumnElement[bool]]:
    """Write a filter as conditions; times also bound the id, which is what the index is ordered by."""
    given = {
        "state": wanted.state,
        "currency": wanted.currency,
        "beneficiary_id": wanted.beneficiary_id,
        "reference": wanted.reference,
    }
    conditions = [payouts.c[name] == value for name, value in given.items() if value is not None]
    if wanted.created_from is not None:
        conditions.append(payouts.c.created_at >= wanted.created_from)
        conditions.append(payouts.c.id >= earliest_id(wanted.created_from, -CLOCK_SLACK))
    if wanted.created_before is not None:
        conditions.append(payouts.c.created_at < wanted.created_before)
        conditions.append(payouts.c.id < earliest_id(wanted.created_before, CLOCK_SLACK))
    return conditions
