"""Go back to an earlier version of a provider account: makes the next version with what that one said."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import (
    AccountChange,
    AccountsInForce,
    AccountVersion,
    ProviderAccountBook,
    ProviderAccountQueries,
)
from application.ports.provider_forms import ProviderForms
from application.ports.vault import Place, Vault
from application.ports.world import World
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import Prefix, ProviderAccountId, public_id


class RollBackAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Which version to go back to; its credentials come back only when that is said, as they may be revoked."""

    id: ProviderAccountId
    version: int
    expected_version: int
    with_credentials: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RollBackAccountHandler:
    """The policy.

    - Nothing is taken back: the history stays, and gets one more version, which says where it goes back to.
    - A configuration that this release would not take is not brought back.
    - Credentials stay the newest, unless those of then are asked for.
    """

    accounts: ProviderAccountBook
    queries: ProviderAccountQueries
    in_force: AccountsInForce
    forms: ProviderForms
    vault: Vault
    world: World

    async def __call__(self, command: RollBackAccount, call: Call) -> AccountVersion:
        """Make the next version. Raises NOT_FOUND, VAL_FIELD, STATE_CONFLICT, PROV_CREDENTIALS_SEALED."""
        account = await self.queries.get(call.tenant_id, command.id)
        then = await self.queries.version(call.tenant_id, command.id, command.version)
        checked = self.forms.checked(account.provider, config=then.config, credentials=None)
        credentials = await self._of_then(command, call, then) if command.with_credentials else None
        moment, following = self.world.moment(), command.expected_version + 1
        change = AccountChange(
            id=command.id,
            expected_version=command.expected_version,
            actor=call.actor,
            config=checked.config,
            credentials=credentials,
            note=command.note,
            rolled_back_from=command.version,
        )
        subject = public_id(Prefix.PROVIDER_ACCOUNT, command.id)
        audit = call.audit(
            "provider_account.rolled_back",
            subject,
            moment,
            version=str(following),
            to=str(command.version),
            changed="config credentials" if command.with_credentials else "config",
        )
        return await self.accounts.change(call.tenant_id, change, audit=audit)

    async def _of_then(self, command: RollBackAccount, call: Call, then: AccountVersion) -> bytes:
        """Seal the credentials of then anew: what was sealed for one version opens at no other."""
        place = Place(tenant_id=call.tenant_id, account_id=command.id, version=then.credentials_version)
        sealed = await self.in_force.find_sealed(call.tenant_id, command.id, then.credentials_version)
        if sealed is None:
            raise MediatorError(NOT_FOUND, f"There are no credentials of version {command.version}.")
        following = msgspec.structs.replace(place, version=command.expected_version + 1)
        return self.vault.seal(self.vault.open(sealed, place), following)
