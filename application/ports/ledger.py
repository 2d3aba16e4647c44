"""Reading the ledger: accounts with their balances, entries, and the proof that they agree."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from application.ports.payments import BookedEntry
from domain.accounts import AccountState
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.money import Currency


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands, in minor units of its currency.

    `posted` counts what is booked on the account's normal side less the other; `pending` what would be booked, were all
    open holds posted; `available` what is posted less what holds may still take:
    `posted_normal - posted_other - pending_other`.
    `at_risk` is the part of the open holds whose outcome is unknown.
    """

    id: LedgerAccountId
    code: str
    currency: str
    normal_balance: str
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int
    at_risk: int
    version: int
    created_at: datetime
    state: AccountState = AccountState.ACTIVE
    overdraft_limit: int | None = None
    metadata: dict[str, str] = {}


AccountName = tuple[str, Currency | None]
"""How callers name an account: its public id or its code path, with its currency where they say it."""


class FoundAccount(msgspec.Struct, frozen=True):
    """What an account's name leads to; it never leads anywhere else."""

    id: LedgerAccountId
    currency: Currency


class AccountFinder(Protocol):
    """Finds accounts by what callers call them. What was found once may be remembered: names stay."""

    async def find(self, tenant_id: TenantId, names: Collection[AccountName]) -> Mapping[AccountName, FoundAccount]:
        """Find accounts; those that are not there are missing in what is given.

        A code path without a currency is found when the tenant has it in one currency only; an id is found whatever
        currency comes with it.
        """
        ...


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list: every given condition must hold."""

    account_id: LedgerAccountId | None = None
    payment_id: UUID | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None


class LedgerQueries(Protocol):
    """Reads of the ledger."""

    async def accounts(
        self, tenant_id: TenantId, *, after: LedgerAccountId | None, limit: int, currency: str | None, code: str | None
    ) -> tuple[AccountView, ...]:
        """List accounts in the order in which they were opened, after one of them."""
        ...

    async def entries(
        self,
        tenant_id: TenantId,
        wanted: EntryFilter,
        *,
        before: tuple[LedgerTransactionId, int] | None,
        limit: int,
    ) -> tuple[BookedEntry, ...]:
        """List entries, newest first, older than (transaction, line).

        Those of one account in the order of their booking, others in that of their transactions' identifiers. Raises
        VAL_CURSOR when `before` names an entry of another account than the one that is wanted.
        """
        ...


class Finding(msgspec.Struct, frozen=True):
    """One fault that a proof found: which check, and where."""

    check: str
    subject: str
    detail: str


class ChargeInOurBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What our ledger says a provider took and gave back for one payment, in minor units."""

    payment_id: UUID
    currency: str
    captured_minor: int
    refunded_minor: int
    in_doubt: bool


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What entries of one currency add up to, in minor units, and how many they are."""

    debits: int = 0
    credits: int = 0
    entries: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Add up."""
        return Sums(
            debits=self.debits + other.debits,
            credits=self.credits + other.credits,
            entries=self.entries + other.entries,
        )


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof goes through: everything from `since` (the last proved point; None: from the beginning) until now.

    Only what was recorded before `horizon` can be proved for good: nothing earlier can still be committed. `proved` is
    what was added up before `since`; `last_point` is the newest point there is, also when the proof is a full one.
    """

    since: datetime | None
    horizon: datetime
    last_point: datetime | None
    proved: dict[str, Sums] = {}
    entries_expected: int = 0


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof added up: per currency until now, and until its horizon; how many accounts moved before that."""

    totals: dict[str, Sums]
    settled: dict[str, Sums]
    snapshots: int


class ProofStep(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the way: what was gone through, how many rows of it, what was found; at the end, what it adds up to."""

    walk: str
    rows: int
    findings: tuple[Finding, ...] = ()
    proved: Proved | None = None


class Proof(Protocol):
    """Re-adds the ledger from its entries. Writes nothing but how far it was proved."""

    async def check(self, tenant_id: TenantId, check: str) -> tuple[Finding, ...]:
        """Run one named check on one tenant's whole books; give at most the first hundred faults."""
        ...

    async def stretch(self, tenant_id: TenantId, *, full: bool) -> Stretch:
        """Say what is to be proved: everything, or what came since the last proved point."""
        ...

    def steps(self, tenant_id: TenantId, stretch: Stretch) -> AsyncIterator[ProofStep]:
        """Run every check, page by page, in constant memory; the last step says what was added up."""
        ...

    async def take_point(self, tenant_id: TenantId, stretch: Stretch, proved: Proved) -> bool:
        """Remember that everything before the horizon is sound; False when another proof was faster."""
        ...

    async def totals(self, tenant_id: TenantId) -> tuple[tuple[str, int, int, int], ...]:
        """Give (currency, debits, credits, entries) over all entries of a tenant."""
        ...

    def charges(self, tenant_id: TenantId, account: UUID) -> AsyncIterator[ChargeInOurBooks]:
        """Give what our entries say of each payment at one provider account."""
        ...
