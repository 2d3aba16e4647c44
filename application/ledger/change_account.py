"""Change an account: freeze, unfreeze or close it, set its overdraft or its metadata."""

from dataclasses import dataclass

from application.call import Call
from application.ports.controls import AccountBook, AccountChange
from application.ports.world import World
from domain.accounts import Account
from domain.ids import Prefix, public_id


@dataclass(frozen=True, slots=True)
class ChangeAccountHandler:
    """The policy.

    - A frozen account takes no postings; what is held on it stays held.
    - Only an account whose posted and pending balances are zero is closed; a closed account stays as it is.
    - With `version`, nothing changes unless the account is still at it. Repeating a change changes nothing more.
    """

    accounts: AccountBook
    world: World

    async def __call__(self, command: AccountChange, call: Call) -> Account:
        """Change it. Raises NOT_FOUND, LEDGER_ACCOUNT_CLOSED, STATE_CONFLICT."""
        details = {"state": command.state.value} if command.state is not None else {}
        if command.sets_overdraft:
            limit = command.overdraft_limit
            details["overdraft_limit"] = "unlimited" if limit is None else str(limit)
        if command.metadata is not None:
            details["metadata"] = "replaced"
        subject = public_id(Prefix.LEDGER_ACCOUNT, command.id)
        audit = call.audit("account.changed", subject, self.world.moment(), **details)
        return await self.accounts.change(call.tenant_id, command, audit=audit)
