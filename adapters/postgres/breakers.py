"""Breakers set by hand, in PostgreSQL."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import called, tenant_reads
from application.ports.provider_health import Breakers, BreakerSetting, NewBreaker, StoredBreaker
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import Prefix, ProviderAccountId, TenantId, public_id

PUT = text("select fm.set_provider_breaker(:tenant, cast(:document as jsonb))::text")
READ = """
    select a.id as provider_account_id, a.provider, coalesce(b.setting, 'auto') as setting, b.note, b.actor, b.set_at
    from fm.provider_accounts a
      left join fm.provider_breakers b on b.tenant_id = a.tenant_id and b.provider_account_id = a.id
    where a.tenant_id = :tenant
"""
GET = text(f"{READ} and a.id = :account")
ALL = text(f"{READ} order by a.id")
BY_HAND = text(
    "select provider_account_id, setting from fm.provider_breakers where tenant_id = :tenant and setting <> 'auto'"
)


class PostgresBreakers(Breakers):
    """Keeps one row for each account that somebody ever set."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> StoredBreaker:
        """Read an account's setting. Raises NOT_FOUND."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            found = await connection.execute(GET, {"tenant": tenant_id, "account": account_id})
            row = found.mappings().one_or_none()
        if row is None:
            raise no_account(account_id)
        return msgspec.convert(dict(row), StoredBreaker)

    async def put(self, tenant_id: TenantId, breaker: NewBreaker, *, audit: AuditRecord) -> StoredBreaker:
        """Set it, with its audit record, in one call. Raises NOT_FOUND."""
        document = msgspec.structs.asdict(breaker) | {"audit": audit}
        values = {"tenant": tenant_id, "document": msgspec.json.encode(document).decode()}
        row = (await called(self._engine, PUT, values))[0][0]
        if row is None:
            raise no_account(breaker.provider_account_id)
        return msgspec.json.decode(row, type=StoredBreaker)

    async def all(self, tenant_id: TenantId) -> tuple[StoredBreaker, ...]:
        """Read the setting of each account of a tenant."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(ALL, {"tenant": tenant_id})).mappings().all()
        return tuple(msgspec.convert(dict(row), StoredBreaker) for row in rows)

    async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
        """Give the settings of a tenant that are not `auto`."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(BY_HAND, {"tenant": tenant_id})).all()
        return {ProviderAccountId(row[0]): BreakerSetting(row[1]) for row in rows}


def no_account(account_id: ProviderAccountId) -> MediatorError:
    """Say that the tenant has no such account."""
    return MediatorError(NOT_FOUND, f"There is no {public_id(Prefix.PROVIDER_ACCOUNT, account_id)}.")
