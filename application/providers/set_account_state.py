"""Enable or disable an account at a provider."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import ConnectedAccount, ProviderAccountBook
from application.ports.providers import AccountState
from application.ports.world import World
from domain.ids import Prefix, ProviderAccountId, public_id


class SetAccountState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether new payments may go there."""

    id: ProviderAccountId
    state: AccountState


@dataclass(frozen=True, slots=True)
class SetAccountStateHandler:
    """The policy: a disabled account takes nothing new; what is under way there is finished."""

    accounts: ProviderAccountBook
    world: World

    async def __call__(self, command: SetAccountState, call: Call) -> ConnectedAccount:
        """Set it; setting it again changes nothing. Raises NOT_FOUND."""
        subject = public_id(Prefix.PROVIDER_ACCOUNT, command.id)
        audit = call.audit(f"provider_account.{command.state.value}", subject, self.world.moment())
        return await self.accounts.set_state(call.tenant_id, command.id, command.state, audit=audit)
