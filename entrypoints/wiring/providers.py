"""Providers for the container: how an adapter is joined with the network, and what tenants begin with."""

from adapters.dropfolders.opening import DropFolders
from adapters.providerkit.adapter import Adapter
from adapters.providerkit.connected import ConnectedProviders
from adapters.providerkit.guard import Guard
from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from application.ports.identity import FirstAccount, FirstAccounts
from application.ports.provider_accounts import AccountsInForce
from application.ports.providers import Provider
from application.ports.vault import Vault
from domain.ids import Prefix, ProviderAccountId, public_id
from entrypoints.settings import Settings
from entrypoints.wiring.provider_specs import provider_specs


def connected_providers(
    source: AccountsInForce, vault: Vault, http: ProviderHttp, folders: DropFolders, board: ProviderHealthBoard
) -> ConnectedProviders:
    """Open every installed provider through the kernel, each account behind its guard, over shared connections."""

    def join(
        adapter: Adapter, account_id: ProviderAccountId, callback_secrets: tuple[str, ...], guard: Guard
    ) -> Provider:
        drops = folders.open(adapter, public_id(Prefix.PROVIDER_ACCOUNT, account_id))
        return KernelProvider(adapter, http, callback_secrets=callback_secrets, guard=guard, drops=drops)

    return ConnectedProviders(provider_specs(), source, vault, board, join)


def first_accounts(settings: Settings) -> FirstAccounts:
    """Give the accounts that a new tenant begins with: one at the sandbox, when the settings switch it on."""
    if not settings.sandbox_url:
        return FirstAccounts()
    credentials = {"api_key": settings.sandbox_api_key, "callback_secrets": list(settings.sandbox_callback_secrets)}
    sandbox = FirstAccount(
        provider="sandbox", name="Sandbox", config={"base_url": settings.sandbox_url}, credentials=credentials
    )
    return FirstAccounts((sandbox,))
