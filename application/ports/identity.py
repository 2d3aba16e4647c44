"""Who may call: API keys, and the first tenant of a new house."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from application.ports.provider_accounts import NewProviderAccount
from domain.audit import AuditRecord
from domain.ids import ApiKeyId, PrincipalId, ProviderAccountId, TenantId


class StoredApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key at rest: its displayable id and a keyed digest, never the key."""

    tenant_id: TenantId
    id: ApiKeyId
    principal_id: PrincipalId
    key_id: str
    digest: bytes
    name: str
    created_at: datetime
    revoked_at: datetime | None


class ApiKeyRepository(Protocol):
    """Finds API keys by their displayable id."""

    async def find(self, key_id: str) -> StoredApiKey | None:
        """Find a key; None when there is none."""
        ...


class NewTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant with its first operator, that operator's API key and an account at each provider that is switched on."""

    tenant_id: TenantId
    name: str
    operator_id: PrincipalId
    operator_name: str
    api_key: StoredApiKey
    provider_accounts: tuple[NewProviderAccount, ...]
    created_at: datetime
    audit: AuditRecord


SETTINGS_ACTOR = "system:settings"
"""Who wrote the versions of an account that came from the settings."""


class FirstAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a provider that every new tenant begins with: its configuration, and credentials to be sealed."""

    provider: str
    name: str
    config: Mapping[str, object]
    credentials: Mapping[str, object]

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"FirstAccount({self.provider}, {self.name!r})"


class FirstAccounts(msgspec.Struct, frozen=True):
    """All accounts that a new tenant begins with."""

    accounts: tuple[FirstAccount, ...] = ()


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Our account at a provider, as one tenant uses it."""

    tenant_id: TenantId
    id: ProviderAccountId
    provider: str


class Tenants(Protocol):
    """Keeps tenants and what belongs to them from the start."""

    async def open(self, tenant: NewTenant) -> None:
        """Keep a new tenant as a whole."""
        ...

    async def ids(self) -> tuple[TenantId, ...]:
        """Give all tenants, in the order in which they were opened."""
        ...

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give a tenant's provider accounts."""
        ...


class ApiKeys(Protocol):
    """Makes and checks API keys. A key is a secret of 190 bits that is shown once and kept only as a keyed digest."""

    def mint(self) -> tuple[str, str, bytes]:
        """Make a new key: (the key itself, its displayable id, its digest)."""
        ...

    def key_id(self, key: str) -> str | None:
        """Give the displayable id of a well-formed key; None for anything mistyped, without asking any store."""
        ...

    def matches(self, key: str, digest: bytes) -> bool:
        """Compare a key with a digest in constant time."""
        ...
