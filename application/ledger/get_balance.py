"""Tell how an account stood at a time, as it was booked or as it counts."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.call import Call
from application.ports.balances import BalanceAt, BalanceReads, Basis
from domain.ids import LedgerAccountId


class GetBalance(msgspec.Struct, frozen=True, kw_only=True):
    """Which account, when (now when None), and by which time of its entries."""

    account_id: LedgerAccountId
    as_of: datetime | None = None
    basis: Basis = Basis.RECORDED


@dataclass(frozen=True, slots=True)
class GetBalanceHandler:
    """The policy: a balance at a time has every entry up to that time in it, and that moment itself counts.

    - As recorded: what was in the books then, whatever was booked for that time later.
    - As effective: everything that is in the books now and counts for that time or earlier.
    - Pending and available are told for now only.
    """

    balances: BalanceReads

    async def __call__(self, command: GetBalance, call: Call) -> BalanceAt:
        """Read it. Raises NOT_FOUND."""
        return await self.balances.balance_at(
            call.tenant_id, command.account_id, as_of=command.as_of, basis=command.basis
        )
