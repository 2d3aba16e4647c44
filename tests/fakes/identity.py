"""Tenants and API keys in memory."""

import hashlib
from datetime import datetime
from uuid import UUID

from application.ports.identity import ApiKeyRepository, NewTenant, ProviderAccount, StoredApiKey, Tenants
from application.ports.provider_accounts import NewProviderAccount
from domain.audit import AuditRecord
from domain.ids import ApiKeyId, PrincipalId, ProviderAccountId, TenantId
from tests.fakes.tables import MemoryDatabase


def a_tenant(
    tenant_id: UUID, accounts: tuple[tuple[ProviderAccountId, str], ...], *, at: datetime, name: str = "A shop"
) -> NewTenant:
    """Describe a tenant with an operator whose API key opens nothing: nobody knows what its digest is the digest of."""
    tenant, operator = TenantId(tenant_id), PrincipalId(UUID(int=tenant_id.int ^ 1))
    key = StoredApiKey(
        tenant_id=tenant,
        id=ApiKeyId(UUID(int=tenant_id.int ^ 2)),
        principal_id=operator,
        key_id=f"key_{tenant_id.hex}",
        digest=hashlib.sha256(tenant_id.bytes).digest(),
        name="first key",
        created_at=at,
        revoked_at=None,
    )
    audit = AuditRecord(
        tenant_id=tenant,
        id=UUID(int=tenant_id.int ^ 3),
        at=at,
        actor="system:test",
        action="tenant.opened",
        subject=name,
        request_id="req_test",
        details={},
    )
    return NewTenant(
        tenant_id=tenant,
        name=name,
        operator_id=operator,
        operator_name="Operator",
        api_key=key,
        provider_accounts=tuple(_account(*one) for one in accounts),
        created_at=at,
        audit=audit,
    )


def _account(account_id: ProviderAccountId, provider: str) -> NewProviderAccount:
    """Describe an account whose credentials open nothing: nobody sealed them."""
    return NewProviderAccount(
        id=account_id, provider=provider, name=provider, config={}, credentials=b"sealed by nobody", actor="system:test"
    )


class MemoryTenants(Tenants):
    """Keeps tenants."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def open(self, tenant: NewTenant) -> None:
        """Keep a new tenant as a whole."""
        self._database.open(tenant)

    async def ids(self) -> tuple[TenantId, ...]:
        """Give all tenants, in the order in which they were opened."""
        return tuple(self._database.tenants)

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give a tenant's provider accounts."""
        mine = [one for one in self._database.accounts.values() if one.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda one: one.id))


class MemoryApiKeyRepository(ApiKeyRepository):
    """Finds keys."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Find them in this database."""
        self._database = database

    async def find(self, key_id: str) -> StoredApiKey | None:
        """Find a key; None when there is none."""
        return self._database.api_keys.get(key_id)
