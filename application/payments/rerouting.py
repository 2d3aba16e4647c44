"""Choose where a payment goes first, and where it goes on to when that is proved to be allowed."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.providers import ProviderAccount, Providers
from application.ports.routing import RouteBook
from domain.dossier import Dossier
from domain.errors import NOT_FOUND, ROUTE_NO_PROVIDER, MediatorError
from domain.failing_over import Destination, may_fail_over
from domain.ids import OperationId, ProviderAccountId, TenantId
from domain.providers import Finding, ProviderTerms
from domain.routing import Candidate, RouteDecision, RouteFacts, choose, exclusion_of

GO_ON_WITHIN = timedelta(seconds=15)
"""How long after a request began it may still go on to another provider: its caller waits."""

ATTEMPTS_MAX = 5
"""How many provider accounts one request may try."""


@dataclass(frozen=True, slots=True)
class Rerouting:
    """The policy.

    - The route is chosen once, by the rules in force, and kept with the payment.
    - It goes on along that order, each account once, only to accounts that are still enabled, and not for ever.
    """

    providers: Providers
    routes: RouteBook

    async def first(self, tenant_id: TenantId, facts: RouteFacts) -> tuple[RouteDecision, Destination]:
        """Choose the route of a new payment. Raises ROUTE_NO_PROVIDER, saying why nobody can take it."""
        ruleset = await self.routes.in_force(tenant_id)
        candidates = tuple(self._candidate(account, facts) for account in await self.providers.accounts(tenant_id))
        decision = choose(ruleset, facts, candidates)
        best = decision.after(frozenset())
        if best is None:
            raise _no_provider(decision)
        terms = ProviderTerms(self.providers.manifest(best.provider).deadline_seconds, best.config_version)
        to = Destination(provider_account_id=best.provider_account_id, provider=best.provider, terms=terms)
        return decision, to

    async def next(
        self, dossier: Dossier, operation_id: OperationId, finding: Finding, *, begun_at: datetime, now: datetime
    ) -> Destination | None:
        """Give the account to go on to; None when the finding forbids it, or the request has tried enough."""
        if not may_fail_over(dossier, operation_id, finding) or now > begun_at + GO_ON_WITHIN:
            return None
        tried = {one.provider_account_id for one in dossier.attempts if one.created_at >= begun_at}
        tried.add(dossier.attempt.provider_account_id)
        if len(tried) >= ATTEMPTS_MAX:
            return None
        tenant_id = dossier.payment.tenant_id
        try:
            decision = await self.routes.decision(tenant_id, dossier.payment.id)
        except MediatorError as error:
            if error.entry is not NOT_FOUND:
                raise
            return None
        enabled = {one.id for one in await self.providers.accounts(tenant_id)}
        return await self._onward(tenant_id, decision, tried, enabled)

    async def _onward(
        self,
        tenant_id: TenantId,
        decision: RouteDecision,
        tried: set[ProviderAccountId],
        enabled: AbstractSet[ProviderAccountId],
    ) -> Destination | None:
        for one in decision.order:
            if one.provider_account_id not in tried and one.provider_account_id in enabled:
                terms = await self.providers.terms(tenant_id, one.provider_account_id)
                return Destination(provider_account_id=one.provider_account_id, provider=one.provider, terms=terms)
        return None

    def _candidate(self, account: ProviderAccount, facts: RouteFacts) -> Candidate:
        return Candidate(
            provider_account_id=account.id,
            provider=account.provider,
            config_version=account.config_version,
            excluded=exclusion_of(self.providers.manifest(account.provider), facts),
            is_healthy=self.providers.is_healthy(account.id),
        )


def _no_provider(decision: RouteDecision) -> MediatorError:
    """Say of each account why it cannot take the payment."""
    if not decision.candidates:
        return MediatorError(ROUTE_NO_PROVIDER, "This tenant has no enabled provider account.")
    reasons = sorted({f"{one.provider}: {one.excluded}" for one in decision.candidates if one.excluded is not None})
    return MediatorError(ROUTE_NO_PROVIDER, f"No provider account can take this payment ({'; '.join(reasons)}).")
