"""Carrying a tenant's ledger out of the database, and into an empty one."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.audit import AuditRecord
from domain.ids import TenantId

FORMAT = "financial-mediator-ledger"
VERSION = 1


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A line of the file: a JSON object whose `type` says what it is. Amounts are exact 64-bit integers."""


class Manifest(Line, frozen=True, kw_only=True, tag="manifest"):
    """The first line: whose ledger it is, as it stood at one moment, and the times between which it was recorded."""

    format: str
    version: int
    tenant: str
    exported_at: datetime
    first_recorded_at: datetime | None
    last_recorded_at: datetime | None


class CopiedAccount(Line, frozen=True, kw_only=True, tag="account"):
    """An account with its balances."""

    id: UUID
    code: str
    currency: str
    normal_balance: str
    state: str
    overdraft_limit: int | None
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int
    version: int
    metadata: dict[str, str]
    created_at: datetime


class CopiedEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry, within its transaction."""

    line: int
    account_id: UUID
    account_version: int
    balance_minor: int
    payment_id: UUID | None
    direction: str
    currency: str
    amount_minor: int
    effective_at: datetime | None


class CopiedTransaction(Line, frozen=True, kw_only=True, tag="transaction"):
    """A transaction with its entries."""

    id: UUID
    kind: str
    payment_id: UUID | None
    refund_id: UUID | None
    hold_id: UUID | None
    reverses_id: UUID | None
    quote_id: UUID | None
    reference: str | None
    description: str | None
    metadata: dict[str, str] | None
    actor: str
    request_id: str
    effective_at: datetime
    recorded_at: datetime
    entries: tuple[CopiedEntry, ...]
    payout_id: UUID | None = None


class CopiedReference(Line, frozen=True, kw_only=True, tag="reference"):
    """A reference that is used."""

    reference: str
    transaction_id: UUID
    created_at: datetime


class CopiedReversal(Line, frozen=True, kw_only=True, tag="reversal"):
    """A transaction that is reversed."""

    reverses_id: UUID
    transaction_id: UUID
    created_at: datetime


class CopiedHold(Line, frozen=True, kw_only=True, tag="hold"):
    """A hold, open or not."""

    id: UUID
    payment_id: UUID | None
    refund_id: UUID | None
    debit_account_id: UUID
    credit_account_id: UUID
    currency: str
    amount_minor: int
    posted_minor: int
    released_minor: int
    state: str
    at_risk: bool
    expires_at: datetime | None
    reference: str | None
    description: str | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    payout_id: UUID | None = None


class SumOfCurrency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all entries of a currency add up to, as strings of digits."""

    debits: str
    credits: str


class Trailer(Line, frozen=True, kw_only=True, tag="trailer"):
    """The last line: how many of each there are, their sums, and the SHA-256 of every byte before this line."""

    counts: dict[str, int]
    sums: dict[str, SumOfCurrency]
    digest: str


Copied = CopiedAccount | CopiedTransaction | CopiedReference | CopiedReversal | CopiedHold
"""What a ledger consists of, in the order of the file."""


class ImportBegun(msgspec.Struct, frozen=True, kw_only=True):
    """An import that goes on behind the lines that are done already."""

    id: UUID
    lines_done: int


class LedgerCopies(Protocol):
    """Reads whole ledgers, and takes them in.

    Until an import is finished its accounts are frozen, and it can go on with the same file or be removed.
    """

    def lines(self, tenant_id: TenantId, *, importing: bool = False) -> AsyncGenerator[Manifest | Copied, None]:
        """Read a ledger as it stands at one moment: its manifest, then everything in it. Memory does not grow.

        With `importing`, accounts show the states that they will have when their import is finished.
        """
        ...

    async def begin(self, tenant_id: TenantId, manifest: Manifest, *, digest: str, audit: AuditRecord) -> ImportBegun:
        """Begin to take a ledger in, or go on with the same. Raises NOT_FOUND, STATE_CONFLICT or VAL_FIELD."""
        ...

    async def take(self, tenant_id: TenantId, import_id: UUID, *, first_line: int, lines: Sequence[bytes]) -> None:
        """Take these lines, whole or not at all. Raises STATE_CONFLICT when they are not the next, VAL_FIELD."""
        ...

    async def finish(self, tenant_id: TenantId, import_id: UUID) -> None:
        """Give the accounts their states. Raises STATE_CONFLICT."""
        ...

    async def remove(self, tenant_id: TenantId) -> int:
        """Remove an unfinished import and everything that it brought; give how many rows that were."""
        ...
