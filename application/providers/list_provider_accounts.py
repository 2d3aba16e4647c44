"""List a tenant's accounts at providers."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import ConnectedAccount, ProviderAccountQueries
from domain.ids import ProviderAccountId


class ListProviderAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """A page of those that were connected after another."""

    after: ProviderAccountId | None = None
    limit: int = 20


class ProviderAccountPage(msgspec.Struct, frozen=True):
    """Accounts, and whether there are more."""

    accounts: tuple[ConnectedAccount, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListProviderAccountsHandler:
    """Reads only; credentials are not among what is read."""

    queries: ProviderAccountQueries

    async def __call__(self, command: ListProviderAccounts, call: Call) -> ProviderAccountPage:
        """Give a page in the order in which they were connected, disabled ones too."""
        found = await self.queries.page(call.tenant_id, after=command.after, limit=command.limit + 1)
        return ProviderAccountPage(found[: command.limit], len(found) > command.limit)
