"""Choose the provider account that sends a payout."""

from dataclasses import dataclass

from application.ports.providers import ProviderAccount, Providers
from domain.beneficiaries import Beneficiary
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import Prefix, ProviderAccountId, TenantId, public_id
from domain.manifests import Ability, ProviderManifest
from domain.money import Money
from domain.providers import OperationKind


@dataclass(frozen=True, slots=True)
class PayoutAccounts:
    """The policy: the account that the caller names, else the first enabled one whose provider can, healthy first."""

    providers: Providers

    async def choose(
        self, tenant_id: TenantId, amount: Money, beneficiary: Beneficiary, wanted: ProviderAccountId | None
    ) -> ProviderAccount:
        """Give the account. Raises ROUTE_NO_PROVIDER, saying of each account why not."""
        reasons: list[str] = []
        fitting: list[ProviderAccount] = []
        for account in await self.providers.accounts(tenant_id):
            if wanted is not None and account.id != wanted:
                continue
            reason = _hindrance(self.providers.manifest(account.provider), amount, beneficiary)
            if reason is None:
                fitting.append(account)
            else:
                reasons.append(f"{public_id(Prefix.PROVIDER_ACCOUNT, account.id)} ({account.provider}) {reason}")
        if not fitting:
            why = "; ".join(reasons) or "there is no such account that is enabled"
            raise MediatorError(ROUTE_NO_PROVIDER, f"No provider account can send this payout: {why}.")
        return next((one for one in fitting if self.providers.is_healthy(one.id)), fitting[0])


def _hindrance(manifest: ProviderManifest, amount: Money, beneficiary: Beneficiary) -> str | None:
    """Say why a provider cannot send it; None when it can."""
    if OperationKind.PAYOUT not in manifest.operations or Ability.PAYS_OUT not in manifest.abilities:
        return "pays nobody out"
    if not manifest.takes(amount.currency):
        return f"does not take {amount.currency}"
    rule = manifest.rule_for(amount.currency)
    if rule is not None and not rule.admits(amount.minor):
        return f"does not take {amount}"
    if manifest.countries and beneficiary.country not in manifest.countries:
        return f"does not pay to {beneficiary.country}"
    return None
