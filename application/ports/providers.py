"""What the application asks of providers: small abilities, one Protocol each."""

from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from domain.ids import ProviderAccountId, TenantId
from domain.manifests import ProviderManifest
from domain.providers import (
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    Outcome,
    ProviderTerms,
    Unreadable,
    Verification,
)


class Collects(Protocol):
    """Takes and gives back money by cards, wallets or transfers."""

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        ...

    async def perform(self, instruction: Instruction) -> Outcome:
        """Carry the operation out once, within the manifest's deadline.

        Never raises for anything that the network or the provider does: trouble before the first byte left is
        `NotSent`, everything that leaves doubt is `Unknown`.
        """
        ...

    async def look_up(self, instruction: Instruction) -> Finding:
        """Ask what became of an operation, by its key. Changes nothing at the provider.

        `Missing` when the provider knows nothing of the key; `Unknown` when it could not be asked.
        """
        ...


class CallsBack(Protocol):
    """Tells us something by itself."""

    def verify_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> None:
        """Verify the raw bytes with every live secret, before anything is made of them (header names in lower case).

        Raises CALLBACK_REFUSED when it is not authentic. Unsigned schemes pass: what they say is only a hint.
        """
        ...

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read everything that authentic bytes say, in its order; never raises."""
        ...


class VerifiesCredentials(Protocol):
    """Says whether the provider takes our credentials."""

    async def verify_credentials(self) -> Verification:
        """Ask the provider; `unknown` when it cannot be asked, or cannot tell."""
        ...


class Reports(Protocol):
    """Shows its own books."""

    def books(self, account: str) -> AsyncIterator[BookLine]:
        """Give each charge of one provider account as the provider's books have it.

        Raises PROV_UNREACHABLE when they cannot be had.
        """
        ...


class Provider(Collects, CallsBack, Reports, VerifiesCredentials, Protocol):
    """A provider with every ability this product uses today."""


class AccountState(StrEnum):
    """Whether new payments and payouts may go to a provider account; what is under way there goes on either way."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Our account at a provider, as one tenant uses it; `config_version` is the one in force when it was read."""

    tenant_id: TenantId
    id: ProviderAccountId
    provider: str
    name: str
    state: AccountState
    config_version: int


class Providers(Protocol):
    """The providers that are installed, and the accounts that tenants have at them.

    What is in force is read anew at each use, so that a change is true in every process at once.
    """

    def manifests(self) -> tuple[ProviderManifest, ...]:
        """Give what each installed provider can do under any configuration, by name."""
        ...

    def manifest(self, name: str) -> ProviderManifest:
        """Give what the provider of that name can do. Raises ROUTE_NO_PROVIDER when it is not installed."""
        ...

    async def accounts(self, tenant_id: TenantId, *, anew: bool = False) -> tuple[ProviderAccount, ...]:
        """Give a tenant's enabled accounts at installed providers, in the order in which they were connected.

        `anew`: not even what was read a moment ago will do.
        """
        ...

    def is_healthy(self, provider_account_id: ProviderAccountId) -> bool:
        """Whether the account's circuit breaker would let new money through now, as far as this process knows."""
        ...

    async def terms(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> ProviderTerms:
        """Give the terms on which an operation that is decided now is sent. Raises ROUTE_NO_PROVIDER like `open`."""
        ...

    async def open(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        version: int | None = None,
        anew: bool = False,
    ) -> Provider:
        """Give the provider as one account is configured: in that version, or (None) in the one in force now.

        Credentials are always the newest in force, so that a rotated key strands nothing. A disabled account opens as
        well: what is under way there must be finished. `anew`: not even what was read a moment ago will do.

        Raises ROUTE_NO_PROVIDER when there is no such account or version, or its provider is not installed.
        """
        ...
