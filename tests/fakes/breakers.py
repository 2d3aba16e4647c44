"""Breakers set by hand, in memory."""

import msgspec

from application.ports.provider_health import Breakers, BreakerSetting, NewBreaker, StoredBreaker
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.tables import MemoryDatabase


class MemoryBreakers(Breakers):
    """Keeps settings in the memory database."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Use this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> StoredBreaker:
        """Read an account's setting."""
        account = self._database.accounts.get(account_id)
        if account is None or account.tenant_id != tenant_id:
            raise MediatorError(NOT_FOUND, "There is no such provider account.")
        unset = StoredBreaker(provider_account_id=account_id, provider=account.provider)
        return self._database.tables(tenant_id).breakers.get(account_id, unset)

    async def put(self, tenant_id: TenantId, breaker: NewBreaker, *, audit: AuditRecord) -> StoredBreaker:
        """Set it, with its audit record."""
        stored = await self.get(tenant_id, breaker.provider_account_id)
        stored = msgspec.structs.replace(
            stored, setting=breaker.setting, note=breaker.note, actor=audit.actor, set_at=self._database.clock()
        )
        tables = self._database.tables(tenant_id)
        tables.breakers[breaker.provider_account_id] = stored
        tables.audit.append(audit)
        return stored

    async def all(self, tenant_id: TenantId) -> tuple[StoredBreaker, ...]:
        """Read the setting of each account."""
        mine = sorted(one.id for one in self._database.accounts.values() if one.tenant_id == tenant_id)
        return tuple([await self.get(tenant_id, one) for one in mine])

    async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
        """Give the settings that are not `auto`."""
        stored = self._database.tables(tenant_id).breakers.values()
        return {one.provider_account_id: one.setting for one in stored if one.setting is not BreakerSetting.AUTO}
