"""Tenants and API keys in PostgreSQL."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.identity import ApiKeyRepository, NewTenant, ProviderAccount, StoredApiKey, Tenants
from domain.ids import TenantId

BUCKETS = 64
"""Tenants are spread over this many buckets of background work (rule C5)."""

FIND_KEY = text("select fm_ops.find_api_key(:key_id)::text")
OPEN_TENANT = text("select fm.open_tenant(:tenant, cast(:document as jsonb))")
TENANT_IDS = text("select fm_ops.tenant_ids()")
ACCOUNTS = text("select tenant_id, id, provider from fm.provider_accounts where tenant_id = :tenant order by id")


class PostgresApiKeyRepository(ApiKeyRepository):
    """Finds keys through the directory that knows their tenant, in one call."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def find(self, key_id: str) -> StoredApiKey | None:
        """Find a key; None when there is none."""
        found = (await called(self._engine, FIND_KEY, {"key_id": key_id}))[0][0]
        return None if found is None else msgspec.json.decode(found, type=_KeyRow).stored()


class _KeyRow(msgspec.Struct):
    """A key as the database tells it: its digest in hexadecimal digits."""

    key: StoredApiKey
    digest: str

    def stored(self) -> StoredApiKey:
        """Put the digest in."""
        return msgspec.structs.replace(self.key, digest=bytes.fromhex(self.digest))


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
        }
        values = {"tenant": tenant.tenant_id, "document": msgspec.json.encode(document).decode()}
        await called(self._engine, OPEN_TENANT, values)

    async def ids(self) -> tuple[TenantId, ...]:
        """Give all tenants, in the order in which they were opened."""
        return tuple(TenantId(row[0]) for row in await called(self._engine, TENANT_IDS, {}))

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give a tenant's provider accounts."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(ACCOUNTS, {"tenant": tenant_id})).mappings().all()
        return tuple(msgspec.convert(dict(row), ProviderAccount) for row in rows)
