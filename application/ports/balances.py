"""Reading how an account stood at a time."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from domain.ids import LedgerAccountId, TenantId
from domain.ledger import Direction


class Basis(StrEnum):
    """Which time of an entry counts: when it was recorded, or the time for which it was booked."""

    RECORDED = "recorded"
    EFFECTIVE = "effective"


class BalanceAt(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stood at `as_of`, in minor units on its normal side.

    `version` is that of the last entry recorded until then (0: none). What is pending and available is only known for
    now: holds keep no history.
    """

    account_id: LedgerAccountId
    code: str
    currency: str
    normal_balance: Direction
    as_of: datetime
    basis: Basis
    posted_minor: int
    version: int
    pending_minor: int | None = None
    available_minor: int | None = None


class BalanceReads(Protocol):
    """Reads balances at a time."""

    async def balance_at(
        self, tenant_id: TenantId, account_id: LedgerAccountId, *, as_of: datetime | None, basis: Basis
    ) -> BalanceAt:
        """Give the balance with every entry that counts for `as_of` or earlier, now when None. Raises NOT_FOUND.

        By what is recorded, a balance of the past never changes again; by what is effective, a later booking for an
        earlier time changes it.
        """
        ...
