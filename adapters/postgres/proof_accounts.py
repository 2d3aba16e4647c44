"""Walks along each account's entries in the order of their booking: does every balance follow from the one before?"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.ledger import Finding, Sums
from domain.ids import TenantId

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything was recorded."""

ACCOUNTS_MAX = 1_000
ENTRIES_MAX = 20_000
"""Most accounts and, about, most entries of one statement."""

CHAIN, ORDER, LAST, SUMS = (
    "running_balances_chain",
    "entries_are_in_order",
    "accounts_stand_at_their_last_entry",
    "posted_balances_equal_entries",
)
ACCOUNT_CHECKS = (CHAIN, ORDER, LAST, SUMS)

PAGE = text(
    """
    select a.id, a.version, coalesce(s.entries, 0) as entries, coalesce(s.posted_debits, 0) as posted_debits,
      coalesce(s.posted_credits, 0) as posted_credits, coalesce(s.balance_minor, 0) as balance_minor,
      coalesce(s.account_version, 0) as account_version, s.recorded_at
    from fm.ledger_accounts a
      left join lateral (select q.* from fm.balance_snapshots q where q.tenant_id = :tenant and q.account_id = a.id
        and q.proved_to <= :since order by q.proved_to desc limit 1) s on true
    where a.tenant_id = :tenant and a.id > :after
    order by a.id limit :limit
    """
)
WALK = text(
    """
    with given as (
      select a.id, a.code, a.currency, a.normal_balance, a.posted_debits, a.posted_credits, a.version, g.balance,
        g.at_version, g.at
      from unnest(cast(:ids as uuid[]), cast(:balances as bigint[]), cast(:versions as bigint[]),
          cast(:moments as timestamptz[])) as g(id, balance, at_version, at)
        join fm.ledger_accounts a on a.tenant_id = :tenant and a.id = g.id
    ), walked as (
      select g.id, e.transaction_id, e.line, e.recorded_at, e.account_version, e.balance_minor, e.direction,
        e.amount_minor,
        case e.direction when g.normal_balance then e.amount_minor else -e.amount_minor end as change,
        lag(e.balance_minor, 1, g.balance) over w as balance_before,
        lag(e.account_version, 1, g.at_version) over w as version_before,
        lead(e.line) over w is null as is_last
      from given g
        cross join lateral (select q.transaction_id, q.line, q.recorded_at, q.account_version, q.balance_minor,
            q.direction, q.amount_minor
          from fm.entries q
          where q.tenant_id = :tenant and q.account_id = g.id and q.recorded_at >= g.at
            and (q.recorded_at, q.account_version) > (g.at, g.at_version)
          order by q.recorded_at, q.account_version limit :limit) e
      window w as (partition by g.id order by e.recorded_at, e.account_version)
    ), added as (
      select w.id, count(*) as entries,
        coalesce(sum(w.amount_minor) filter (where w.direction = 'debit'), 0) as debits,
        coalesce(sum(w.amount_minor) filter (where w.direction = 'credit'), 0) as credits,
        count(*) filter (where w.recorded_at < :horizon) as settled_entries,
        coalesce(sum(w.amount_minor) filter (where w.direction = 'debit' and w.recorded_at < :horizon), 0)
          as settled_debits,
        coalesce(sum(w.amount_minor) filter (where w.direction = 'credit' and w.recorded_at < :horizon), 0)
          as settled_credits,
        max(w.account_version) filter (where w.recorded_at < :horizon) as settled_version,
        max(w.recorded_at) filter (where w.recorded_at < :horizon) as settled_at,
        max(w.account_version) filter (where w.is_last) as last_version,
        max(w.recorded_at) as last_at,
        max(w.balance_minor) filter (where w.is_last) as last_balance,
        min(w.transaction_id::text || '/' || w.line) filter (where w.balance_minor <> w.balance_before + w.change)
          as broken_at,
        min(w.transaction_id::text || '/' || w.line) filter (where w.account_version <= w.version_before)
          as disordered_at
      from walked w group by w.id
    )
    select g.id, g.code, g.currency, g.normal_balance = 'debit' as is_debit, g.posted_debits, g.posted_credits,
      g.version, coalesce(d.entries, 0) as entries, coalesce(d.debits, 0)::text as debits,
      coalesce(d.credits, 0)::text as credits, coalesce(d.settled_entries, 0) as settled_entries,
      coalesce(d.settled_debits, 0)::text as settled_debits, coalesce(d.settled_credits, 0)::text as settled_credits,
      d.settled_version, d.settled_at, coalesce(d.last_version, g.at_version) as last_version,
      coalesce(d.last_at, g.at) as last_at, coalesce(d.last_balance, g.balance) as last_balance, d.broken_at,
      d.disordered_at
    from given g left join added d on d.id = g.id
    order by g.id
    """
)
KEEP = text("select fm.keep_snapshots(:tenant, :horizon, cast(:snapshots as jsonb))")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far an account was walked: what its entries add up to, and the last of them."""

    id: UUID
    version: int
    entries: int = 0
    posted_debits: int = 0
    posted_credits: int = 0
    balance_minor: int = 0
    account_version: int = 0
    recorded_at: datetime | None = None


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What one statement saw of an account: its row, and the next of its entries, in one snapshot."""

    id: UUID
    code: str
    currency: str
    is_debit: bool
    posted_debits: int
    posted_credits: int
    version: int
    entries: int
    debits: int
    credits: int
    settled_entries: int
    settled_debits: int
    settled_credits: int
    settled_version: int | None
    settled_at: datetime | None
    last_version: int
    last_at: datetime
    last_balance: int
    broken_at: str | None
    disordered_at: str | None

    @property
    def subject(self) -> str:
        """Name the account."""
        return f"{self.code} {self.currency}"


class AccountStep(msgspec.Struct, frozen=True, kw_only=True):
    """Some accounts were walked: how many of their entries, those that are settled per currency, what was found."""

    entries: int
    settled: dict[str, Sums]
    findings: tuple[Finding, ...]
    snapshots: int


class AccountsWalk:
    """Goes through all accounts by their ids, and along each from its last snapshot; memory does not grow."""

    def __init__(
        self, engine: AsyncEngine, tenant_id: TenantId, *, since: datetime, horizon: datetime, keeps: bool
    ) -> None:
        """Start at the point `since`; `keeps` writes the snapshots of `horizon` as it goes, until a fault is found."""
        self._engine = engine
        self._tenant_id = tenant_id
        self._since = since
        self._horizon = horizon
        self._keeps = keeps

    async def steps(self) -> AsyncIterator[AccountStep]:
        """Walk, about `ENTRIES_MAX` entries at a time."""
        after = UUID(int=0)
        while True:
            page = await self._page(after)
            for group in _groups(page):
                async for step in self._walk(group):
                    yield step
            if len(page) < ACCOUNTS_MAX:
                return
            after = page[-1].id

    async def _page(self, after: UUID) -> list[Standing]:
        values = {"tenant": self._tenant_id, "since": self._since, "after": after, "limit": ACCOUNTS_MAX}
        async with tenant_reads(self._engine, self._tenant_id) as connection:
            rows = (await connection.execute(PAGE, values)).mappings().all()
        return [msgspec.convert(dict(row), Standing) for row in rows]

    async def _walk(self, group: Sequence[Standing]) -> AsyncIterator[AccountStep]:
        """Walk these accounts to their ends; a long one takes several statements."""
        snapshots: dict[UUID, Standing] = {}
        while group:
            before = {one.id: one for one in group}
            seen = await self._seen(group)
            findings = tuple(fault for one in seen for fault in _faults(before[one.id], one))
            settled: dict[str, Sums] = {}
            for one in (one for one in seen if one.settled_entries):
                sums = Sums(debits=one.settled_debits, credits=one.settled_credits, entries=one.settled_entries)
                settled[one.currency] = settled.get(one.currency, Sums()).plus(sums)
                snapshots[one.id] = _settled(before[one.id], one)
            self._keeps = self._keeps and not findings
            group = [_further(before[one.id], one) for one in seen if one.entries == ENTRIES_MAX]
            kept = 0 if group else await self._kept(snapshots)
            entries = sum(one.entries for one in seen)
            yield AccountStep(entries=entries, settled=settled, findings=findings, snapshots=kept)

    async def _seen(self, group: Sequence[Standing]) -> list[Walked]:
        values = {
            "tenant": self._tenant_id,
            "horizon": self._horizon,
            "limit": ENTRIES_MAX,
            "ids": [one.id for one in group],
            "balances": [one.balance_minor for one in group],
            "versions": [one.account_version for one in group],
            "moments": [one.recorded_at or LONG_AGO for one in group],
        }
        async with tenant_reads(self._engine, self._tenant_id) as connection:
            rows = (await connection.execute(WALK, values)).mappings().all()
        return [msgspec.convert(dict(row), Walked, strict=False) for row in rows]

    async def _kept(self, snapshots: dict[UUID, Standing]) -> int:
        if not snapshots or not self._keeps:
            return 0
        document = [msgspec.structs.asdict(one) | {"account_id": one.id} for one in snapshots.values()]
        values = {
            "tenant": self._tenant_id,
            "horizon": self._horizon,
            "snapshots": msgspec.json.encode(document).decode(),
        }
        await called(self._engine, KEEP, values)
        return len(snapshots)


def _groups(page: Sequence[Standing]) -> list[list[Standing]]:
    """Put accounts together that have about `ENTRIES_MAX` entries to come: each entry raises the account's version."""
    groups: list[list[Standing]] = []
    entries = ENTRIES_MAX
    for one in page:
        entries += one.version - one.account_version
        if entries >= ENTRIES_MAX:
            groups.append([])
            entries = max(one.version - one.account_version, 0)
        groups[-1].append(one)
    return groups


def _further(before: Standing, one: Walked) -> Standing:
    """Say how far an account is walked now."""
    return Standing(
        id=one.id,
        version=one.version,
        entries=before.entries + one.entries,
        posted_debits=before.posted_debits + one.debits,
        posted_credits=before.posted_credits + one.credits,
        balance_minor=one.last_balance,
        account_version=one.last_version,
        recorded_at=one.last_at,
    )


def _settled(before: Standing, one: Walked) -> Standing:
    """Say how an account stood at the horizon, which lies within or behind the entries that were walked."""
    more = one.settled_debits - one.settled_credits
    return Standing(
        id=one.id,
        version=one.version,
        entries=before.entries + one.settled_entries,
        posted_debits=before.posted_debits + one.settled_debits,
        posted_credits=before.posted_credits + one.settled_credits,
        balance_minor=before.balance_minor + (more if one.is_debit else -more),
        account_version=one.settled_version or 0,
        recorded_at=one.settled_at,
    )


def _faults(before: Standing, one: Walked) -> list[Finding]:
    """Judge what was seen; the account's own row only once its last entry was reached."""
    faults = []
    if one.broken_at:
        faults.append(
            Finding(CHAIN, one.subject, f"the balance at {one.broken_at} does not follow from the one before")
        )
    if one.disordered_at:
        faults.append(Finding(ORDER, one.subject, f"{one.disordered_at} was booked before what stands before it"))
    if one.entries == ENTRIES_MAX:
        return faults
    debits, credit = before.posted_debits + one.debits, before.posted_credits + one.credits
    if (one.posted_debits, one.posted_credits) != (debits, credit):
        detail = f"cached {one.posted_debits}/{one.posted_credits}, entries {debits}/{credit}"
        faults.append(Finding(SUMS, one.subject, detail))
    balance = (one.posted_debits - one.posted_credits) * (1 if one.is_debit else -1)
    if one.last_version and (one.last_balance != balance or one.last_version > one.version):
        detail = f"{balance} at version {one.version}, its last entry says {one.last_balance} at {one.last_version}"
        faults.append(Finding(LAST, one.subject, detail))
    return faults
