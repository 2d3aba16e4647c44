"""Find the providers: each folder under `adapters/providers` that exports a `spec` and is switched on by settings."""

from collections.abc import Mapping

import msgspec

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from application.ports.identity import FirstAccount, FirstAccounts, Tenants
from application.ports.providers import AccountState, Provider, ProviderAccount, Providers
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import ProviderManifest
from domain.providers import ProviderTerms
from entrypoints.settings import Settings
from entrypoints.wiring.provider_specs import provider_specs


class FoundProviders(Providers):
    """The providers that are switched on, by name."""

    def __init__(self, found: Mapping[str, Provider], tenants: Tenants) -> None:
        """Know these providers."""
        self._found = dict(found)
        self._tenants = tenants

    def manifests(self) -> tuple[ProviderManifest, ...]:
        """Give what each installed provider can do."""
        return tuple(self._found[name].manifest for name in sorted(self._found))

    def manifest(self, name: str) -> ProviderManifest:
        """Give what the provider of that name can do. Raises ROUTE_NO_PROVIDER."""
        if name not in self._found:
            raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {name!r} is not switched on.")
        return self._found[name].manifest

    async def accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give a tenant's enabled accounts."""
        return tuple(
            ProviderAccount(
                tenant_id=tenant_id,
                id=one.id,
                provider=one.provider,
                name=one.provider,
                state=AccountState.ENABLED,
                config_version=1,
            )
            for one in await self._tenants.provider_accounts(tenant_id)
            if one.provider in self._found
        )

    def is_healthy(self, provider_account_id: ProviderAccountId) -> bool:  # noqa: ARG002 -- the port's form
        """Let every account take payments."""
        return True

    async def terms(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> ProviderTerms:
        """Give the terms on which an operation that is decided now is sent. Raises ROUTE_NO_PROVIDER."""
        provider = await self.open(tenant_id, provider_account_id)
        return ProviderTerms(provider.manifest.deadline_seconds, 1)

    async def open(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        version: int | None = None,  # noqa: ARG002 -- there is one version while the settings configure
    ) -> Provider:
        """Give the provider of an account. Raises ROUTE_NO_PROVIDER."""
        for one in await self._tenants.provider_accounts(tenant_id):
            if one.id == provider_account_id:
                self.manifest(one.provider)
                return self._found[one.provider]
        raise MediatorError(ROUTE_NO_PROVIDER, "There is no such provider account.")


def first_accounts(settings: Settings) -> FirstAccounts:
    """Give the accounts that a new tenant begins with: one at the sandbox, when the settings switch it on."""
    if not settings.sandbox_url:
        return FirstAccounts()
    credentials = {"api_key": settings.sandbox_api_key, "callback_secrets": list(settings.sandbox_callback_secrets)}
    sandbox = FirstAccount(
        provider="sandbox", name="Sandbox", config={"base_url": settings.sandbox_url}, credentials=credentials
    )
    return FirstAccounts((sandbox,))


def find_providers(settings: Settings, http: ProviderHttp, tenants: Tenants) -> FoundProviders:
    """Make each provider that the settings configure."""
    specs = {spec.name: spec for spec in provider_specs()}
    found: dict[str, Provider] = {}
    for one in first_accounts(settings).accounts:
        spec = specs[one.provider]
        adapter = spec.create(
            msgspec.convert(one.config, spec.config), msgspec.convert(one.credentials, spec.credentials)
        )
        found[spec.name] = KernelProvider(adapter, http, callback_secrets=settings.sandbox_callback_secrets)
    return FoundProviders(found, tenants)
