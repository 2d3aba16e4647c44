"""An account of the ledger: its words, its states, and the published formula of its balances."""

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import LedgerAccountId
from domain.ledger import AccountRef, Direction
from domain.money import Currency

CODE_LENGTH_MAX = 200
"""Most characters of a code path."""

CODE_PATTERN = re.compile(r"[A-Za-z0-9_.\-]+(?::[A-Za-z0-9_.\-]+)*", re.ASCII)
"""A code path: segments of letters, digits, `_`, `.` and `-`, joined by colons."""

IDENTIFIER_PATTERN = re.compile(r"acc_[0-9a-f]{32}", re.ASCII)
"""What an account's identifier looks like, and a code must not."""


class AccountState(StrEnum):
    """Whether an account takes postings; a closed account stays closed."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands, in minor units of its currency, which is fixed for life.

    `overdraft_limit` is how far `available` may fall below zero: None is without limit, 0 not at all. `version` grows
    by one with each entry, and with each change of a hold on the account.
    """

    id: LedgerAccountId
    code: str
    currency: Currency
    normal_balance: Direction
    created_at: datetime
    state: AccountState = AccountState.ACTIVE
    overdraft_limit: int | None = None
    posted_debits: int = 0
    posted_credits: int = 0
    pending_debits: int = 0
    pending_credits: int = 0
    version: int = 0
    metadata: dict[str, str] = {}

    @property
    def ref(self) -> AccountRef:
        """The account by its code, as postings of payments name it."""
        return AccountRef(self.code, self.currency, self.normal_balance)

    @property
    def posted(self) -> int:
        """What is booked on the normal side, less what is booked on the other: `posted_normal - posted_other`."""
        return self._on_normal_side(self.posted_debits, self.posted_credits)

    @property
    def pending(self) -> int:
        """What would be booked, were all open holds posted: posted, and `pending_normal - pending_other`."""
        return self.posted + self._on_normal_side(self.pending_debits, self.pending_credits)

    @property
    def available(self) -> int:
        """What is booked, less what open holds may still take: `posted_normal - posted_other - pending_other`."""
        held = self.pending_credits if self.normal_balance is Direction.DEBIT else self.pending_debits
        return self.posted - held

    @property
    def floor(self) -> int | None:
        """The least that may be available after a decrease; None: there is no least."""
        return None if self.overdraft_limit is None else -self.overdraft_limit

    def _on_normal_side(self, debits: int, credits_: int) -> int:
        return debits - credits_ if self.normal_balance is Direction.DEBIT else credits_ - debits


def is_code(text: str) -> bool:
    """Say whether a text may be an account's code path: well formed, short enough, and no identifier in disguise."""
    if len(text) > CODE_LENGTH_MAX or IDENTIFIER_PATTERN.fullmatch(text):
        return False
    return CODE_PATTERN.fullmatch(text) is not None
