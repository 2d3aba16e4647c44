"""Runs the checks of a walk over its table, one page of the key at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.engine import tenant_reads
from adapters.postgres.proof_checks import Walk
from application.ports.ledger import Finding, Sums
from domain.ids import TenantId

FAULTS_MAX = 100
ROWS_MAX = 20_000
"""Most rows of a table that one page goes through."""

PLANNED = text("select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)")
"""Pages differ too much for one plan, and are too short to be compiled. For one transaction only."""

Key = tuple[object, ...]

SUMS = """
    select x.currency, x.recorded_at < :horizon as is_settled, count(*) as entries,
      coalesce(sum(x.amount_minor) filter (where x.direction = 'debit'), 0)::text as debits,
      coalesce(sum(x.amount_minor) filter (where x.direction = 'credit'), 0)::text as credits
    from fm.entries x where x.tenant_id = :tenant and x.recorded_at >= :since and {range} group by 1, 2
"""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page: what was found on it, and for entries what they add up to, settled or not."""

    rows: int
    findings: tuple[Finding, ...] = ()
    settled: dict[str, Sums] = {}
    fresh: dict[str, Sums] = {}


class PagedChecks:
    """Goes through one table of one tenant. Memory does not grow: a page is one short transaction."""

    def __init__(self, engine: AsyncEngine, tenant_id: TenantId, walk: Walk, *, values: Mapping[str, object]) -> None:
        """Run with these values: since, recently, horizon, point and what else a check names."""
        self._engine = engine
        self._tenant_id = tenant_id
        self._walk = walk
        self._values = {"tenant": tenant_id} | dict(values)

    async def pages(
        self, checks: Sequence[str], *, after: Key | None = None, adds_up: bool = False
    ) -> AsyncIterator[Page]:
        """Run these of the walk's checks, from behind a key on; `adds_up` gives the sums of entries as well."""
        while True:
            async with tenant_reads(self._engine, self._tenant_id) as connection:
                await connection.execute(PLANNED)
                upto = await self._end_of_page(connection, after)
                values = self._bounds(after, upto)
                rows = await self._count(connection, after, upto)
                findings = await self._findings(connection, checks, values, self._range(after, upto))
                settled, fresh = await self._sums(connection, values, self._range(after, upto)) if adds_up else ({}, {})
            if adds_up:
                rows = sum(one.entries for one in (*settled.values(), *fresh.values()))
            yield Page(rows=rows, findings=findings, settled=settled, fresh=fresh)
            if upto is None:
                return
            after = upto

    async def _end_of_page(self, connection: AsyncConnection, after: Key | None) -> Key | None:
        """Find the last key of the page; None when the page is the last."""
        walk = self._walk
        since = "and x.recorded_at >= :since" if walk.is_bounded_by_time else ""
        keys = ", ".join(f"x.{name}" for name in walk.key)
        statement = text(
            f"select {keys} from {walk.counted} x where x.tenant_id = :tenant {since} and {self._range(after, None)} "  # noqa: S608 -- our own words
            f"order by {keys} offset {ROWS_MAX - 1} limit 1"
        )
        row = (await connection.execute(statement, self._only(statement.text, self._bounds(after, None)))).first()
        return None if row is None else tuple(row)

    async def _count(self, connection: AsyncConnection, after: Key | None, upto: Key | None) -> int:
        """Say how many rows the page has: a full one by its making."""
        if upto is not None or self._walk.is_bounded_by_time:
            return ROWS_MAX
        statement = text(
            f"select count(*) from {self._walk.counted} x where x.tenant_id = :tenant and {self._range(after, upto)}"  # noqa: S608 -- our own words
        )
        values = self._only(statement.text, self._bounds(after, upto))
        return int((await connection.execute(statement, values)).scalar_one())

    async def _findings(
        self, connection: AsyncConnection, checks: Sequence[str], values: Mapping[str, object], bounds: str
    ) -> tuple[Finding, ...]:
        """Run the checks over one reading of the page."""
        parts = [
            f"(select '{name}' as name, f.subject, f.detail from ({sql}) as f(subject, detail) limit {FAULTS_MAX})"  # noqa: S608 -- our own words
            for name, sql in self._walk.checks.items()
            if name in checks
        ]
        if not parts:
            return ()
        statement = text(f"with {self._walk.rows.format(range=bounds)} {' union all '.join(parts)}")
        rows = await connection.execute(statement, self._only(statement.text, values))
        return tuple(Finding(row[0], row[1], row[2]) for row in rows)

    async def _sums(
        self, connection: AsyncConnection, values: Mapping[str, object], bounds: str
    ) -> tuple[dict[str, Sums], dict[str, Sums]]:
        """Add up the entries of the page, those before the horizon apart from those behind it."""
        statement = text(SUMS.format(range=bounds))
        settled: dict[str, Sums] = {}
        fresh: dict[str, Sums] = {}
        for currency, is_settled, entries, debits, credit in await connection.execute(
            statement, self._only(statement.text, values)
        ):
            sums = Sums(debits=int(debits), credits=int(credit), entries=entries)
            (settled if is_settled else fresh)[currency] = sums
        return settled, fresh

    def _range(self, after: Key | None, upto: Key | None) -> str:
        """Write the bounds of a page as a condition on the key."""
        columns = ", ".join(f"x.{name}" for name in self._walk.key)
        conditions = [
            f"({columns}) {sign} ({', '.join(f':{side}_{number}' for number in range(len(self._walk.key)))})"
            for sign, side, bound in ((">", "after", after), ("<=", "upto", upto))
            if bound is not None
        ]
        return " and ".join(conditions) or "true"

    def _bounds(self, after: Key | None, upto: Key | None) -> dict[str, object]:
        """Give the values of the bounds, with all others."""
        values = dict(self._values)
        for side, bound in (("after", after), ("upto", upto)):
            values |= {f"{side}_{number}": value for number, value in enumerate(bound or ())}
        return values

    def _only(self, sql: str, values: Mapping[str, object]) -> dict[str, object]:
        """Leave out what a statement does not name: the driver takes nothing else."""
        return {name: value for name, value in values.items() if f":{name}" in sql}
