"""Opens providers as tenants' accounts are configured, from versions and sealed credentials that are data."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from adapters.providerkit.adapter import Adapter
from adapters.providerkit.guard import Guard
from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.in_force import Recent, RecentlyInForce
from adapters.providerkit.spec import ProviderSpec
from application.ports.provider_accounts import AccountInForce, AccountsInForce
from application.ports.providers import AccountState, Provider, ProviderAccount, Providers
from application.ports.vault import Place, Vault
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import ProviderManifest
from domain.providers import ProviderTerms

OPEN_MAX = 1_024
"""How many opened providers one process keeps, each with its credentials in memory."""

Join = Callable[[Adapter, ProviderAccountId, tuple[str, ...], Guard], Provider]
"""Joins an account's adapter, and the secrets that verify its callbacks, with the network, behind its guard."""

Opened = tuple[ProviderAccountId, int, int]
"""An account, the version of its configuration, and the version that brought its credentials."""


class Whose(msgspec.Struct, frozen=True):
    """Whose account is opened."""

    tenant_id: TenantId
    account_id: ProviderAccountId


class ConnectedProviders(Providers):
    """Reads what is in force anew at least twice a second; what a version says is read once, as it never changes."""

    def __init__(
        self,
        specs: Iterable[ProviderSpec],
        source: AccountsInForce,
        vault: Vault,
        board: ProviderHealthBoard,
        join: Join,
    ) -> None:
        """Install these providers."""
        self._specs = {spec.name: spec for spec in specs}
        self._source = source
        self._in_force = RecentlyInForce(source)
        self._vault = vault
        self._join = join
        self._board = board
        self._opened: Recent[Opened, Provider] = Recent(OPEN_MAX)

    def manifests(self) -> tuple[ProviderManifest, ...]:
        """Give what each installed provider can do under any configuration, by name."""
        return tuple(self._specs[name].manifest for name in sorted(self._specs))

    def manifest(self, name: str) -> ProviderManifest:
        """Give what the provider of that name can do. Raises ROUTE_NO_PROVIDER."""
        return self._spec(name).manifest

    async def accounts(self, tenant_id: TenantId, *, anew: bool = False) -> tuple[ProviderAccount, ...]:
        """Give a tenant's enabled accounts at installed providers, in the order in which they were connected."""
        accounts = tuple(
            ProviderAccount(
                tenant_id=tenant_id,
                id=one.id,
                provider=one.provider,
                name=one.name,
                state=one.state,
                config_version=one.version,
            )
            for one in (await self._in_force.accounts(tenant_id, anew=anew)).values()
            if one.state is AccountState.ENABLED and one.provider in self._specs
        )
        await self._board.refresh(tenant_id, [one.id for one in accounts])
        return accounts

    def is_healthy(self, provider_account_id: ProviderAccountId) -> bool:
        """Whether the account's guard would let new money through now."""
        return self._board.is_healthy(provider_account_id)

    async def terms(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> ProviderTerms:
        """Give the terms on which an operation that is decided now is sent. Raises ROUTE_NO_PROVIDER."""
        account = await self._account(tenant_id, provider_account_id)
        provider = await self._open(tenant_id, account, account.version)
        return ProviderTerms(provider.manifest.deadline_seconds, account.version)

    async def open(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        version: int | None = None,
        anew: bool = False,
    ) -> Provider:
        """Give the provider under that version, or the one in force, with the credentials that are in force.

        `anew` reads what is in force whatever is remembered.
        Raises ROUTE_NO_PROVIDER, or PROV_CREDENTIALS_SEALED when its credentials do not open.
        """
        account = await self._account(tenant_id, provider_account_id, anew=anew)
        return await self._open(tenant_id, account, account.version if version is None else version)

    async def _account(
        self, tenant_id: TenantId, account_id: ProviderAccountId, *, anew: bool = False
    ) -> AccountInForce:
        account = await self._in_force.find(tenant_id, account_id, anew=anew)
        if account is None:
            raise MediatorError(ROUTE_NO_PROVIDER, "There is no such provider account.")
        return account

    async def _open(self, tenant_id: TenantId, account: AccountInForce, version: int) -> Provider:
        opened = self._opened.find((account.id, version, account.credentials_version))
        if opened is not None:
            return opened
        spec = self._spec(account.provider)
        config = await self._source.find_config(tenant_id, account.id, version)
        if config is None:
            raise MediatorError(ROUTE_NO_PROVIDER, f"The provider account has no version {version}.")
        secret = await self._credentials(tenant_id, account)
        provider = self._made(spec, config, secret, version, Whose(tenant_id, account.id))
        return self._opened.keep((account.id, version, account.credentials_version), provider)

    async def _credentials(self, tenant_id: TenantId, account: AccountInForce) -> bytes:
        version = account.credentials_version
        sealed = await self._source.find_sealed(tenant_id, account.id, version)
        if sealed is None:
            raise MediatorError(ROUTE_NO_PROVIDER, f"Version {version} of the provider account has no credentials.")
        return self._vault.open(sealed, Place(tenant_id=tenant_id, account_id=account.id, version=version))

    def _made(
        self, spec: ProviderSpec, config: dict[str, object], secret: bytes, version: int, whose: "Whose"
    ) -> Provider:
        """Make it. A version that an earlier release wrote may be one that this release cannot read."""
        try:
            read: Any = msgspec.convert(config, spec.config)
            credentials: Any = msgspec.json.decode(secret, type=spec.credentials)
            adapter = spec.create(read, credentials)
        except (msgspec.MsgspecError, ValueError) as fault:
            message = f"This release of {spec.name} cannot read version {version} of the provider account."
            raise MediatorError(ROUTE_NO_PROVIDER, message) from fault
        guard = self._board.guard(whose.tenant_id, whose.account_id, adapter.manifest)
        return self._join(adapter, whose.account_id, getattr(credentials, "callback_secrets", ()), guard)

    def _spec(self, name: str) -> ProviderSpec:
        if name not in self._specs:
            raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {name!r} is not installed.")
        return self._specs[name]
