"""List the accounts of a tenant's ledger with their balances."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.ledger import AccountView, LedgerQueries
from domain.ids import LedgerAccountId


class ListAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts, how many, and after which one."""

    currency: str | None = None
    code: str | None = None
    after: LedgerAccountId | None = None
    limit: int = 50


class AccountPage(msgspec.Struct, frozen=True):
    """A page of accounts, and whether there are more."""

    accounts: tuple[AccountView, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListAccountsHandler:
    """The policy: accounts come in the order in which they were opened."""

    queries: LedgerQueries

    async def __call__(self, command: ListAccounts, call: Call) -> AccountPage:
        """Read one page."""
        found = await self.queries.accounts(
            call.tenant_id,
            after=command.after,
            limit=command.limit + 1,
            currency=command.currency,
            code=command.code,
        )
        return AccountPage(found[: command.limit], len(found) > command.limit)
