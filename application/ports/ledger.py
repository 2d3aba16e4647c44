"""Reading the ledger: accounts with their balances, entries, and the proof that they agree."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from application.ports.payments import BookedEntry
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands, in minor units of its currency.

    `posted` counts what is booked on the account's normal side less the other; `pending` what open holds would add;
    `available` what is posted less what holds may still take: `posted_normal - posted_other - pending_other`.
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


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list: every given condition must hold."""

    account_id: LedgerAccountId | None = None
    payment_id: UUID | None = None
    currency: str | None = None
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
        """List entries, newest first, older than (transaction, line)."""
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


class Proof(Protocol):
    """Re-adds the ledger from its entries. Reads only."""

    async def check(self, tenant_id: TenantId, check: str) -> tuple[Finding, ...]:
        """Run one named check on one tenant's books; give at most the first hundred faults."""
        ...

    async def totals(self, tenant_id: TenantId) -> tuple[tuple[str, int, int, int], ...]:
        """Give (currency, debits, credits, entries) over all entries of a tenant."""
        ...

    def charges(self, tenant_id: TenantId, account: UUID) -> AsyncIterator[ChargeInOurBooks]:
        """Give what our entries say of each payment at one provider account."""
        ...
