"""Tell an account at a provider, as it is in force now."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import ConnectedAccount, ProviderAccountQueries
from domain.ids import ProviderAccountId


class GetProviderAccount(msgspec.Struct, frozen=True):
    """Which account."""

    id: ProviderAccountId


@dataclass(frozen=True, slots=True)
class GetProviderAccountHandler:
    """Reads only; credentials are not among what is read."""

    queries: ProviderAccountQueries

    async def __call__(self, command: GetProviderAccount, call: Call) -> ConnectedAccount:
        """Give it. Raises NOT_FOUND."""
        return await self.queries.get(call.tenant_id, command.id)
