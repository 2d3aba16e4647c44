"""Show the versions of a provider account, and which of them is in force."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import AccountVersion, ProviderAccountQueries
from domain.ids import ProviderAccountId


class ListAccountVersions(msgspec.Struct, frozen=True, kw_only=True):
    """A page of versions older than `before`, newest first."""

    id: ProviderAccountId
    before: int | None = None
    limit: int = 20


class AccountVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first, the number of the one in force, and whether there are older ones."""

    in_force: int
    versions: tuple[AccountVersion, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListAccountVersionsHandler:
    """Reads only; of credentials it tells which version brought them."""

    queries: ProviderAccountQueries

    async def __call__(self, command: ListAccountVersions, call: Call) -> AccountVersions:
        """Give a page. Raises NOT_FOUND."""
        account = await self.queries.get(call.tenant_id, command.id)
        found = await self.queries.versions(call.tenant_id, command.id, before=command.before, limit=command.limit + 1)
        return AccountVersions(
            in_force=account.in_force.version,
            versions=found[: command.limit],
            has_more=len(found) > command.limit,
        )
