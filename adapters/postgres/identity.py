"""Tenants and API keys in PostgreSQL."""

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import SET_TENANT, autocommit, reads, tenant_reads, unavailable
from application.ports.identity import ApiKeyRepository, NewTenant, ProviderAccount, StoredApiKey, Tenants
from domain.ids import TenantId

BUCKETS = 64
"""Tenants are spread over this many buckets of background work (rule C5)."""

FIND_TENANT = text("select tenant_id from fm.api_key_directory where key_id = :key_id")
FIND_KEY = text(
    """
    select tenant_id, id, principal_id, key_id, digest, name, created_at, revoked_at
    from fm.api_keys where tenant_id = :tenant and key_id = :key_id
    """
)
OPEN_TENANT = text("select fm.open_tenant(:tenant, cast(:document as jsonb))")
TENANT_IDS = text("select fm_ops.tenant_ids()")
ACCOUNTS = text("select tenant_id, id, provider from fm.provider_accounts where tenant_id = :tenant order by id")


class PostgresApiKeyRepository(ApiKeyRepository):
    """Finds keys through the directory that knows their tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def find(self, key_id: str) -> StoredApiKey | None:
        """Find a key; None when there is none."""
        async with reads(self._engine) as connection:
            tenant = (await connection.execute(FIND_TENANT, {"key_id": key_id})).scalar_one_or_none()
            if tenant is None:
                return None
            await connection.execute(SET_TENANT, {"tenant": str(tenant)})
            values = {"tenant": tenant, "key_id": key_id}
            row = (await connection.execute(FIND_KEY, values)).mappings().one_or_none()
        return None if row is None else msgspec.convert(dict(row), StoredApiKey)


class PostgresTenants(Tenants):
    """Keeps tenants."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def open(self, tenant: NewTenant) -> None:
        """Keep a new tenant as a whole, in one call."""
        document = msgspec.to_builtins(tenant) | {
            "bucket": tenant.tenant_id.int % BUCKETS,
            "api_key": msgspec.to_builtins(tenant.api_key) | {"digest": tenant.api_key.digest.hex()},
            "provider_accounts": [{"id": str(one), "provider": name} for one, name in tenant.provider_accounts],
        }
        values = {"tenant": tenant.tenant_id, "document": msgspec.json.encode(document).decode()}
        try:
            async with autocommit(self._engine) as connection:
                await connection.execute(OPEN_TENANT, values)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise unavailable(error) from error

    async def ids(self) -> tuple[TenantId, ...]:
        """Give all tenants, in the order in which they were opened."""
        async with reads(self._engine) as connection:
            return tuple(TenantId(value) for value in (await connection.execute(TENANT_IDS)).scalars())

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give a tenant's provider accounts."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(ACCOUNTS, {"tenant": tenant_id})).mappings().all()
        return tuple(msgspec.convert(dict(row), ProviderAccount) for row in rows)
