"""Re-adding the ledger in PostgreSQL: along every account, along every transaction, and both must agree."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from adapters.postgres.proof_pages import FAULTS_MAX
from adapters.postgres.proof_run import CHECKS, ProofRun
from application.ports.ledger import ChargeInOurBooks, Finding, Proof, ProofStep, Proved, Stretch, Sums
from domain.ids import TenantId

__all__ = ["CHECKS", "PostgresProof"]

PAGE = 1_000
OUTBOX_SECONDS = 300
MARGIN_SECONDS = 60.0
"""Longer than any statement may run: after that, nothing recorded earlier can still be committed."""

LAST_POINT = text(
    "select proved_to, totals from fm.proof_points where tenant_id = :tenant order by proved_to desc limit 1"
)
EXPECTED = text("select coalesce(sum(version), 0) from fm.ledger_accounts where tenant_id = :tenant")
HORIZON = text("select fm.proof_horizon(:tenant, :margin)")
TAKE = text("select fm.take_proof_point(:tenant, cast(:point as jsonb))")
FORGET = text("select fm.forget_snapshots(:tenant, :limit)")
CHARGES = text(
    """
    select p.id as payment_id, p.currency,
      coalesce(sum(e.amount_minor) filter (where t.kind = 'capture'), 0)::bigint as captured_minor,
      coalesce(sum(e.amount_minor) filter (where t.kind = 'refund'), 0)::bigint as refunded_minor,
      p.state = 'needs_review' or exists (select from fm.provider_operations o where o.tenant_id = p.tenant_id
        and o.payment_id = p.id and o.state in ('sending', 'unknown', 'accepted_pending')) as in_doubt
    from fm.payments p
      left join fm.entries e on e.tenant_id = p.tenant_id and e.payment_id = p.id and e.direction = 'debit'
      left join fm.ledger_transactions t
        on t.tenant_id = e.tenant_id and t.id = e.transaction_id and t.recorded_at = e.recorded_at
    where p.tenant_id = :tenant and p.provider_account_id = :account and p.id > :after
    group by p.tenant_id, p.id
    order by p.id limit :limit
    """
)


class PostgresProof(Proof):
    """Runs the checks in short statements; writes points and snapshots, nothing else."""

    def __init__(
        self, engine: AsyncEngine, *, outbox_seconds: int = OUTBOX_SECONDS, margin_seconds: float = MARGIN_SECONDS
    ) -> None:
        """Use this engine's connections; an event may wait `outbox_seconds`, a commit take `margin_seconds`."""
        self._engine = engine
        self._outbox_seconds = outbox_seconds
        self._margin_seconds = margin_seconds

    async def check(self, tenant_id: TenantId, check: str) -> tuple[Finding, ...]:
        """Run one named check over everything; give at most the first hundred faults."""
        stretch = await self.stretch(tenant_id, full=True)
        run = ProofRun(self._engine, tenant_id, stretch, outbox_seconds=self._outbox_seconds)
        findings: list[Finding] = []
        async for step in run.steps((check,), keeps=False):
            findings.extend(one for one in step.findings if one.check == check)
        return tuple(findings[:FAULTS_MAX])

    async def stretch(self, tenant_id: TenantId, *, full: bool) -> Stretch:
        """Say what is to be proved; the horizon comes first, so that nothing recorded before it is missed later."""
        margin = {"tenant": tenant_id, "margin": self._margin_seconds}
        horizon: datetime = (await called(self._engine, HORIZON, margin))[0][0]
        async with tenant_reads(self._engine, tenant_id) as connection:
            last = (await connection.execute(LAST_POINT, {"tenant": tenant_id})).first()
            expected = int((await connection.execute(EXPECTED, {"tenant": tenant_id})).scalar_one())
        point = None if last is None else last[0]
        if full or last is None:
            return Stretch(since=None, horizon=horizon, last_point=point, entries_expected=expected)
        proved = {
            currency: Sums(debits=int(one["debits"]), credits=int(one["credits"]), entries=int(one["entries"]))
            for currency, one in dict(last[1]).items()
        }
        left = max(expected - sum(one.entries for one in proved.values()), 0)
        return Stretch(since=point, horizon=horizon, last_point=point, proved=proved, entries_expected=left)

    async def steps(self, tenant_id: TenantId, stretch: Stretch) -> AsyncIterator[ProofStep]:
        """Run every check over the stretch."""
        run = ProofRun(self._engine, tenant_id, stretch, outbox_seconds=self._outbox_seconds)
        async for step in run.steps(CHECKS, keeps=stretch.last_point is None or stretch.horizon > stretch.last_point):
            yield step

    async def take_point(self, tenant_id: TenantId, stretch: Stretch, proved: Proved) -> bool:
        """Take the point at the horizon, then forget the snapshots that it replaces."""
        point = {
            "proved_to": stretch.horizon,
            "last_point": stretch.last_point,
            "is_full": stretch.since is None,
            "entries": sum(one.entries for one in proved.settled.values()),
            "totals": {
                currency: {"debits": str(one.debits), "credits": str(one.credits), "entries": one.entries}
                for currency, one in proved.settled.items()
            },
            "snapshots": proved.snapshots,
        }
        values = {"tenant": tenant_id, "point": msgspec.json.encode(point).decode()}
        taken = bool((await called(self._engine, TAKE, values))[0][0])
        while taken and (await called(self._engine, FORGET, {"tenant": tenant_id, "limit": PAGE}))[0][0]:
            pass
        return taken

    async def totals(self, tenant_id: TenantId) -> tuple[tuple[str, int, int, int], ...]:
        """Give (currency, debits, credits, entries) over all entries of a tenant, added up page by page."""
        stretch = await self.stretch(tenant_id, full=True)
        run = ProofRun(self._engine, tenant_id, stretch, outbox_seconds=self._outbox_seconds)
        totals = await run.totals()
        return tuple((one, sums.debits, sums.credits, sums.entries) for one, sums in sorted(totals.items()))

    async def charges(self, tenant_id: TenantId, account: UUID) -> AsyncIterator[ChargeInOurBooks]:
        """Give what our entries say of each payment at one provider account, page by page."""
        after = UUID(int=0)
        while True:
            values = {"tenant": tenant_id, "account": account, "after": after, "limit": PAGE}
            async with tenant_reads(self._engine, tenant_id) as connection:
                rows = (await connection.execute(CHARGES, values)).mappings().all()
            for row in rows:
                yield msgspec.convert(dict(row), ChargeInOurBooks)
            if len(rows) < PAGE:
                return
            after = rows[-1]["payment_id"]
