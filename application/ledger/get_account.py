"""Tell an account of the ledger."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.controls import AccountBook
from domain.accounts import Account
from domain.ids import LedgerAccountId


class GetAccount(msgspec.Struct, frozen=True):
    """Which account."""

    account_id: LedgerAccountId


@dataclass(frozen=True, slots=True)
class GetAccountHandler:
    """The policy: another tenant's account does not exist."""

    accounts: AccountBook

    async def __call__(self, command: GetAccount, call: Call) -> Account:
        """Read it. Raises NOT_FOUND."""
        return await self.accounts.get(call.tenant_id, command.account_id)
