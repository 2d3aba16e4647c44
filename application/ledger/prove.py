"""Prove the books: re-add the ledger from its entries, and compare it with each provider's own books."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.ports.identity import ProviderAccount, Tenants
from application.ports.ledger import ChargeInOurBooks, Finding, Proof, ProofStep, Proved, Stretch, Sums
from application.ports.providers import Providers
from domain.errors import MediatorError
from domain.ids import Prefix, TenantId, public_id
from domain.manifests import Ability
from domain.providers import BookLine

PROVIDERS_AGREE = "provider_books_agree"
FAULTS_MAX = 100


class CurrencyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over all entries of one currency, in minor units; it must be zero."""

    currency: str
    debits: int
    credits: int
    entries: int

    @property
    def difference(self) -> int:
        """What must be zero."""
        return self.debits - self.credits


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one tenant: its faults, and how many things were looked at or left out, in words."""

    tenant: str
    check: str
    faults: tuple[Finding, ...]
    note: str = ""


class ProvedStretch(msgspec.Struct, frozen=True, kw_only=True):
    """How far a tenant's books were gone through: from the last proved point on, or from the beginning (`since` null).

    `is_point_taken` says that everything before `horizon` is proved for good, and where the next proof begins.
    """

    tenant: str
    since: datetime | None
    horizon: datetime
    is_point_taken: bool
    rows: int


class ProofReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was checked."""

    results: tuple[CheckResult, ...]
    totals: tuple[tuple[str, CurrencyTotal], ...]
    stretches: tuple[ProvedStretch, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was found and every currency sums to zero."""
        return not any(result.faults for result in self.results) and not any(
            total.difference for _, total in self.totals
        )


@dataclass(frozen=True, slots=True)
class ProveHandler:
    """The policy: what cannot be proved is not claimed.

    - Every check of every tenant runs: over everything, or over what came since the last proved point.
    - A point is only taken where nothing was found, and never later than what can still be committed.
    - Nothing else is changed.
    """

    tenants: Tenants
    proof: Proof
    providers: Providers
    checks: tuple[str, ...]

    async def __call__(
        self,
        *,
        with_providers: bool = True,
        full: bool = True,
        on_step: Callable[[str, Stretch, ProofStep], None] | None = None,
    ) -> ProofReport:
        """Prove all tenants; `on_step` hears of every page that was gone through."""
        results: list[CheckResult] = []
        totals: list[tuple[str, CurrencyTotal]] = []
        stretches: list[ProvedStretch] = []
        for tenant_id in await self.tenants.ids():
            report = await self._proved(tenant_id, full=full, on_step=on_step)
            results.extend(report.results)
            totals.extend(report.totals)
            stretches.extend(report.stretches)
            accounts = await self.tenants.provider_accounts(tenant_id) if with_providers else ()
            results.extend([await self._provider_agrees(tenant_id, account) for account in accounts])
        return ProofReport(results=tuple(results), totals=tuple(totals), stretches=tuple(stretches))

    async def _proved(
        self, tenant_id: TenantId, *, full: bool, on_step: Callable[[str, Stretch, ProofStep], None] | None
    ) -> ProofReport:
        """Prove one tenant's books."""
        tenant = public_id(Prefix.TENANT, tenant_id)
        stretch = await self.proof.stretch(tenant_id, full=full)
        found: dict[str, dict[Finding, None]] = {check: {} for check in self.checks}
        rows = 0
        proved = Proved(totals={}, settled={}, snapshots=0)
        async for step in self.proof.steps(tenant_id, stretch):
            rows += step.rows
            proved = step.proved or proved
            for fault in step.findings:
                found.setdefault(fault.check, {})[fault] = None
            if on_step is not None:
                on_step(tenant, stretch, step)
        is_sound = not any(found.values()) and all(one.debits == one.credits for one in proved.totals.values())
        is_taken = is_sound and proved.snapshots > 0 and await self.proof.take_point(tenant_id, stretch, proved)
        return ProofReport(
            results=tuple(
                CheckResult(tenant=tenant, check=check, faults=tuple(faults)[:FAULTS_MAX])
                for check, faults in found.items()
            ),
            totals=tuple((tenant, _total(currency, sums)) for currency, sums in sorted(proved.totals.items())),
            stretches=(
                ProvedStretch(
                    tenant=tenant, since=stretch.since, horizon=stretch.horizon, is_point_taken=is_taken, rows=rows
                ),
            ),
        )

    async def _provider_agrees(self, tenant_id: TenantId, account: ProviderAccount) -> CheckResult:
        """Compare each charge in the provider's books with ours; payments in doubt are counted, not judged."""
        theirs: dict[str, BookLine] = {}
        public_account = public_id(Prefix.PROVIDER_ACCOUNT, account.id)
        tenant = public_id(Prefix.TENANT, tenant_id)
        name = f"{account.provider} {public_account}"
        try:
            provider = await self.providers.open(tenant_id, account.id)
            if Ability.REPORTS not in provider.manifest.abilities:
                note = f"{name}: shows no books to compare with"
                return CheckResult(tenant=tenant, check=PROVIDERS_AGREE, faults=(), note=note)
            async for line in provider.books(public_account):
                theirs[line.payment_id] = _added(theirs.get(line.payment_id), line)
        except MediatorError as error:
            fault = Finding(PROVIDERS_AGREE, public_account, error.detail)
            return CheckResult(tenant=tenant, check=PROVIDERS_AGREE, faults=(fault,))
        compared = in_doubt = 0
        faults: list[Finding] = []
        async for ours in self.proof.charges(tenant_id, account.id):
            charge = theirs.pop(public_id(Prefix.PAYMENT, ours.payment_id), None)
            if ours.in_doubt:
                in_doubt += 1
                continue
            compared += 1
            difference = _difference(ours, charge)
            if difference is not None:
                faults.append(Finding(PROVIDERS_AGREE, public_id(Prefix.PAYMENT, ours.payment_id), difference))
        faults.extend(
            Finding(PROVIDERS_AGREE, payment, f"{account.provider} has a charge {line.provider_reference} that we lack")
            for payment, line in theirs.items()
            if line.captured_minor or line.refunded_minor
        )
        note = f"{name}: {compared} payments compared, {in_doubt} in doubt"
        return CheckResult(tenant=tenant, check=PROVIDERS_AGREE, faults=tuple(faults[:FAULTS_MAX]), note=note)


def _total(currency: str, sums: Sums) -> CurrencyTotal:
    return CurrencyTotal(currency=currency, debits=sums.debits, credits=sums.credits, entries=sums.entries)


def _added(earlier: BookLine | None, line: BookLine) -> BookLine:
    """Add up charges of one payment: several attempts may each have left one."""
    if earlier is None:
        return line
    return msgspec.structs.replace(
        line,
        captured_minor=earlier.captured_minor + line.captured_minor,
        refunded_minor=earlier.refunded_minor + line.refunded_minor,
    )


def _difference(ours: ChargeInOurBooks, line: BookLine | None) -> str | None:
    """Say how our books and the provider's differ for one payment; None when they agree."""
    captured = line.captured_minor if line else 0
    refunded = line.refunded_minor if line else 0
    if (captured, refunded) == (ours.captured_minor, ours.refunded_minor):
        return (
            None if line is None or line.currency == ours.currency else f"{ours.currency} here, {line.currency} there"
        )
    return (
        f"captured {ours.captured_minor} here and {captured} there, "
        f"refunded {ours.refunded_minor} here and {refunded} there"
    )
