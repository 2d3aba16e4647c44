"""Statements: reading an account's part of the ledger along time, and writing it down in the forms that people use."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from domain.ids import LedgerAccountId, TenantId
from domain.statements import Period, Statement, StatementAccount, StatementEntry


class StatementForm(StrEnum):
    """How a statement is written down."""

    JSON = "json"
    CSV = "csv"
    PDF = "pdf"
    CAMT053 = "camt053"


class StatementFrame(msgspec.Struct, frozen=True, kw_only=True):
    """An account at both ends of a period, in minor units on its normal side, seen at one moment (`as_of`).

    `last_version` is the version of the account's last entry before the period's end; 0 when there is none.
    """

    account: StatementAccount
    as_of: datetime
    opening_minor: int
    closing_minor: int
    available_minor: int
    last_version: int


class Place(msgspec.Struct, frozen=True):
    """Where an entry stands in its account's history."""

    recorded_at: datetime
    account_version: int


class StatementReads(Protocol):
    """Reads of one account's history.

    Entries are never changed, and an account's versions follow one another: what is at or below the frame's
    `last_version` is the same picture for as long as one likes to read, page by page, without a transaction around it.
    """

    async def find_frame(
        self, tenant_id: TenantId, account_id: LedgerAccountId, period: Period
    ) -> StatementFrame | None:
        """Give both ends, read at one moment; None when the tenant has no such account."""
        ...

    async def entries(
        self,
        tenant_id: TenantId,
        account_id: LedgerAccountId,
        period: Period,
        *,
        last_version: int,
        after: Place | None,
        limit: int,
    ) -> tuple[StatementEntry, ...]:
        """Give the period's entries up to that version, in the order of their recording, after a place."""
        ...


class StatementDocument(msgspec.Struct, frozen=True):
    """A statement as bytes, with what they are and a name for a file of them."""

    media_type: str
    file_name: str
    body: bytes


class StatementForms(Protocol):
    """Writes statements down. The same statement in the same form gives the same bytes."""

    async def written(self, statement: Statement, form: StatementForm) -> StatementDocument:
        """Write a statement down.

        Raises LEDGER_STATEMENT_TOO_LARGE when the form cannot tell it: that is said, and nothing is cut off.
        """
        ...
