"""Open a tenant with its first operator, an API key, and the provider accounts that every tenant begins with."""

from dataclasses import dataclass

import msgspec

from application.ports.identity import (
    SETTINGS_ACTOR,
    ApiKeys,
    FirstAccount,
    FirstAccounts,
    NewTenant,
    StoredApiKey,
    Tenants,
)
from application.ports.provider_accounts import NewProviderAccount
from application.ports.vault import Place, Vault
from application.ports.world import World
from domain.audit import AuditRecord
from domain.ids import ApiKeyId, Prefix, PrincipalId, ProviderAccountId, TenantId, public_id


class OpenTenant(msgspec.Struct, frozen=True):
    """How the tenant and its operator are called."""

    name: str
    operator_name: str


class OpenedTenant(msgspec.Struct, frozen=True):
    """A tenant as it was opened. The API key is shown here once and kept nowhere."""

    tenant_id: TenantId
    operator_id: PrincipalId
    api_key: str

    def __repr__(self) -> str:
        """Never show the key by accident."""
        return f"OpenedTenant({self.tenant_id})"


@dataclass(frozen=True, slots=True)
class OpenTenantHandler:
    """The policy: a tenant starts whole, and its key is never readable again."""

    tenants: Tenants
    keys: ApiKeys
    first_accounts: FirstAccounts
    vault: Vault
    world: World

    async def __call__(self, command: OpenTenant) -> OpenedTenant:
        """Open it."""
        moment = self.world.moment()
        tenant_id = TenantId(moment.new_id())
        operator_id = PrincipalId(moment.new_id())
        key, key_id, digest = self.keys.mint()
        stored = StoredApiKey(
            tenant_id=tenant_id,
            id=ApiKeyId(moment.new_id()),
            principal_id=operator_id,
            key_id=key_id,
            digest=digest,
            name=f"first key of {command.operator_name}",
            created_at=moment.now,
            revoked_at=None,
        )
        accounts = tuple(
            self._account(tenant_id, ProviderAccountId(moment.new_id()), one) for one in self.first_accounts.accounts
        )
        audit = AuditRecord(
            tenant_id=tenant_id,
            id=moment.new_id(),
            at=moment.now,
            actor="system:cli",
            action="identity.open_tenant",
            subject=public_id(Prefix.TENANT, tenant_id),
            request_id=public_id(Prefix.REQUEST, moment.new_id()),
            details={"operator": public_id(Prefix.PRINCIPAL, operator_id), "key_id": key_id},
        )
        await self.tenants.open(
            NewTenant(
                tenant_id=tenant_id,
                name=command.name,
                operator_id=operator_id,
                operator_name=command.operator_name,
                api_key=stored,
                provider_accounts=accounts,
                created_at=moment.now,
                audit=audit,
            )
        )
        return OpenedTenant(tenant_id, operator_id, key)

    def _account(self, tenant_id: TenantId, account_id: ProviderAccountId, first: FirstAccount) -> NewProviderAccount:
        """Seal the credentials that the settings give."""
        place = Place(tenant_id=tenant_id, account_id=account_id, version=1)
        return NewProviderAccount(
            id=account_id,
            provider=first.provider,
            name=first.name,
            config=first.config,
            credentials=self.vault.seal(msgspec.json.encode(first.credentials), place),
            actor=SETTINGS_ACTOR,
        )
