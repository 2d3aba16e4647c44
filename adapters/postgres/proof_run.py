"""One proof of one tenant's books: along every account, along every transaction, and both must add up to the same."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.proof_accounts import ACCOUNT_CHECKS, LONG_AGO, AccountsWalk
from adapters.postgres.proof_checks import (
    ACCOUNTS,
    HOLDS,
    KEYS,
    LIMITS,
    OUTBOX,
    QUOTES,
    REFERENCES,
    REVERSALS,
    TRANSACTIONS,
)
from adapters.postgres.proof_pages import Key, Page, PagedChecks
from adapters.postgres.proof_payments import ATTEMPTS, OPERATIONS, PAYMENTS, REFUNDS
from adapters.postgres.proof_payouts import IN_TRANSIT, PAYOUT_OPERATIONS, PAYOUTS
from application.ports.ledger import Finding, ProofStep, Proved, Stretch, Sums
from domain.dossier import QUERY_DELAYS
from domain.ids import TenantId

SKEW = timedelta(days=1)
"""How far the clocks that made identifiers, and the times of payments, may be from the database's."""

AGREE = "entries_agree_both_ways"
WALKS = (
    ACCOUNTS,
    HOLDS,
    REFERENCES,
    REVERSALS,
    KEYS,
    LIMITS,
    QUOTES,
    PAYMENTS,
    REFUNDS,
    ATTEMPTS,
    OPERATIONS,
    PAYOUTS,
    IN_TRANSIT,
    PAYOUT_OPERATIONS,
    OUTBOX,
)
CHECKS: tuple[str, ...] = (
    *TRANSACTIONS.checks,
    *ACCOUNT_CHECKS,
    AGREE,
    *(name for walk in WALKS for name in walk.checks),
)
"""What must never be found, by the names under which `mediator prove` prints it."""


class ProofRun:
    """Goes through a stretch of a tenant's books in short statements, and adds up as it goes."""

    def __init__(self, engine: AsyncEngine, tenant_id: TenantId, stretch: Stretch, *, outbox_seconds: int) -> None:
        """Prepare; an event may wait `outbox_seconds` before that is a fault."""
        self._engine = engine
        self._tenant_id = tenant_id
        self._stretch = stretch
        self._since = stretch.since or LONG_AGO
        self._values: dict[str, object] = {
            "since": self._since,
            "recently": self._since if stretch.since is None else stretch.since - SKEW,
            "horizon": stretch.horizon,
            "point": stretch.last_point or LONG_AGO,
            "outbox_seconds": outbox_seconds,
            "queries_max": len(QUERY_DELAYS),
        }
        self._by_account: dict[str, Sums] = {}
        self._settled: dict[str, Sums] = {}
        self._fresh: dict[str, Sums] = {}
        self._snapshots = 0

    async def steps(self, checks: tuple[str, ...], *, keeps: bool) -> AsyncIterator[ProofStep]:
        """Run these checks; the last step tells what was added up. `keeps` writes snapshots of the accounts."""
        if not {AGREE, *ACCOUNT_CHECKS}.isdisjoint(checks):
            async for step in self._along_accounts(keeps=keeps):
                yield step
        if not {AGREE, *TRANSACTIONS.checks}.isdisjoint(checks):
            async for step in self._along_transactions(checks):
                yield step
        async for step in self._through_tables(checks):
            yield step
        settled = added(self._stretch.proved, self._settled)
        proved = Proved(totals=added(settled, self._fresh), settled=settled, snapshots=self._snapshots)
        yield ProofStep(walk="", rows=0, proved=proved)

    async def _along_accounts(self, *, keeps: bool) -> AsyncIterator[ProofStep]:
        walk = AccountsWalk(
            self._engine, self._tenant_id, since=self._since, horizon=self._stretch.horizon, keeps=keeps
        )
        async for one in walk.steps():
            self._by_account = added(self._by_account, one.settled)
            self._snapshots += one.snapshots
            yield ProofStep(walk="entries by account", rows=one.entries, findings=one.findings)

    async def _along_transactions(self, checks: tuple[str, ...]) -> AsyncIterator[ProofStep]:
        for after in self._starts():
            self._settled, self._fresh = {}, {}
            async for page in self._transactions(checks, after=after):
                self._settled, self._fresh = added(self._settled, page.settled), added(self._fresh, page.fresh)
                yield ProofStep(walk="entries by transaction", rows=page.rows, findings=page.findings)
            if AGREE not in checks or self._settled == self._by_account:
                return
        yield ProofStep(walk="entries by transaction", rows=0, findings=_differences(self._by_account, self._settled))

    async def _through_tables(self, checks: tuple[str, ...]) -> AsyncIterator[ProofStep]:
        for walk in WALKS:
            if set(walk.checks).isdisjoint(checks):
                continue
            async for page in PagedChecks(self._engine, self._tenant_id, walk, values=self._values).pages(checks):
                yield ProofStep(walk=walk.name, rows=page.rows, findings=page.findings)

    def _transactions(self, checks: tuple[str, ...], *, after: Key | None) -> AsyncIterator[Page]:
        walk = PagedChecks(self._engine, self._tenant_id, TRANSACTIONS, values=self._values)
        return walk.pages(checks, after=after, adds_up=True)

    async def totals(self) -> dict[str, Sums]:
        """Add up every entry of the stretch, page by page, and check nothing."""
        total: dict[str, Sums] = {}
        async for page in self._transactions((), after=None):
            total = added(total, page.settled, page.fresh)
        return total

    def _starts(self) -> tuple[Key | None, ...]:
        """Say behind which identifiers to begin.

        Identifiers tell their time, so new transactions stand behind those of a day ago. Where the accounts have
        entries of others, everything is gone through.
        """
        if self._stretch.since is None:
            return (None,)
        return ((first_id_of(self._stretch.since - SKEW),), None)


def added(*several: Mapping[str, Sums]) -> dict[str, Sums]:
    """Add up sums per currency."""
    total: dict[str, Sums] = {}
    for sums in several:
        for currency, one in sums.items():
            total[currency] = total.get(currency, Sums()).plus(one)
    return total


def first_id_of(moment: datetime) -> UUID:
    """Give an identifier that is not above any UUIDv7 of this moment or later (RFC 9562 §5.7)."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=milliseconds << 80)


def _differences(by_account: Mapping[str, Sums], by_transaction: Mapping[str, Sums]) -> tuple[Finding, ...]:
    """Compare what the accounts' entries and the transactions' entries add up to."""
    faults = []
    for currency in sorted({*by_account, *by_transaction}):
        mine, theirs = by_account.get(currency, Sums()), by_transaction.get(currency, Sums())
        if mine != theirs:
            detail = (
                f"{mine.entries} entries with {mine.debits}/{mine.credits} by account, "
                f"{theirs.entries} with {theirs.debits}/{theirs.credits} by transaction"
            )
            faults.append(Finding(AGREE, currency, detail))
    return tuple(faults)
