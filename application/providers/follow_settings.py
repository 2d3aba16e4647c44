"""Have the accounts that tenants began with follow the settings that named them."""

from dataclasses import dataclass

from application.call import Call
from application.ports.identity import SETTINGS_ACTOR, FirstAccount, FirstAccounts, Tenants
from application.ports.provider_accounts import (
    AccountChange,
    AccountsInForce,
    ConnectedAccount,
    ProviderAccountBook,
    ProviderAccountQueries,
)
from application.ports.provider_forms import ProviderForms
from application.ports.vault import Place, Vault
from application.ports.world import World
from domain.errors import PROV_CREDENTIALS_SEALED, MediatorError
from domain.ids import Prefix, TenantId, public_id

ACCOUNTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class FollowSettingsHandler:
    """The policy.

    - Only an account whose first version came from the settings follows them: nobody's own account is touched.
    - What the settings name is set, everything else that was configured since stays; where nothing differs, nothing
      is written.
    - Somebody who changes the account at the same moment was faster, and is right.
    """

    tenants: Tenants
    accounts: ProviderAccountBook
    queries: ProviderAccountQueries
    in_force: AccountsInForce
    forms: ProviderForms
    vault: Vault
    first_accounts: FirstAccounts
    world: World

    async def __call__(self) -> int:
        """Look at all tenants; give how many accounts got a version. Raises STATE_CONFLICT, VAL_FIELD."""
        changed, request_id = 0, public_id(Prefix.REQUEST, self.world.moment().new_id())
        named = {first.provider: first for first in self.first_accounts.accounts}
        for tenant_id in await self.tenants.ids() if named else ():
            call = Call(tenant_id=tenant_id, actor=SETTINGS_ACTOR, request_id=request_id)
            for account in await self.queries.page(tenant_id, after=None, limit=ACCOUNTS_MAX):
                if account.provider in named:
                    changed += await self._followed(call, account, named[account.provider])
        return changed

    async def _followed(self, call: Call, account: ConnectedAccount, first: FirstAccount) -> bool:
        origin = await self.queries.version(call.tenant_id, account.id, 1)
        if origin.actor != SETTINGS_ACTOR:
            return False
        latest = await self.queries.version(call.tenant_id, account.id, account.latest_version)
        wanted = self.forms.checked(
            account.provider, config=latest.config | dict(first.config), credentials=first.credentials
        )
        credentials = wanted.credentials or b"{}"
        kept = await self._opened(call.tenant_id, account, latest.credentials_version)
        standing = self.forms.checked(account.provider, config=latest.config, credentials=None)
        if wanted.config == standing.config and kept == credentials:
            return False
        moment, following = self.world.moment(), account.latest_version + 1
        place = Place(tenant_id=call.tenant_id, account_id=account.id, version=following)
        change = AccountChange(
            id=account.id,
            expected_version=account.latest_version,
            actor=call.actor,
            config=wanted.config,
            credentials=None if kept == credentials else self.vault.seal(credentials, place),
            note="as the settings say",
        )
        subject = public_id(Prefix.PROVIDER_ACCOUNT, account.id)
        audit = call.audit("provider_account.followed_settings", subject, moment, version=str(following))
        await self.accounts.change(call.tenant_id, change, audit=audit)
        return True

    async def _opened(self, tenant_id: TenantId, account: ConnectedAccount, version: int) -> bytes | None:
        """Open the credentials that go with a version; None where they do not open any more."""
        sealed = await self.in_force.find_sealed(tenant_id, account.id, version)
        try:
            place = Place(tenant_id=tenant_id, account_id=account.id, version=version)
            return None if sealed is None else self.vault.open(sealed, place)
        except MediatorError as refusal:
            if refusal.entry is not PROV_CREDENTIALS_SEALED:
                raise
            return None
