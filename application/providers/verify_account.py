"""Ask a provider whether it takes the credentials of an account."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.call import Call
from application.ports.provider_accounts import ProviderAccountQueries
from application.ports.providers import Providers
from application.ports.world import World
from domain.ids import ProviderAccountId
from domain.providers import Verification


class VerifyAccount(msgspec.Struct, frozen=True):
    """Which account's."""

    id: ProviderAccountId


class VerifiedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider said, of which version, and when."""

    id: ProviderAccountId
    version: int
    verification: Verification
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class VerifyAccountHandler:
    """The policy.

    - A question that moves no money and changes nothing here; what cannot be asked is unknown.
    - Whoever asks has often changed the credentials just now: those are tried, never the ones of a moment ago.
    """

    queries: ProviderAccountQueries
    providers: Providers
    world: World

    async def __call__(self, command: VerifyAccount, call: Call) -> VerifiedAccount:
        """Ask about the version in force. Raises NOT_FOUND, ROUTE_NO_PROVIDER, PROV_CREDENTIALS_SEALED."""
        account = await self.queries.get(call.tenant_id, command.id)
        version = account.in_force.version
        provider = await self.providers.open(call.tenant_id, command.id, version=version, anew=True)
        said = await provider.verify_credentials()
        return VerifiedAccount(id=command.id, version=version, verification=said, asked_at=self.world.moment().now)
