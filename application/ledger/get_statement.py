"""Write the statement of an account for a period."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.call import Call
from application.ports.statements import (
    Place,
    StatementDocument,
    StatementForm,
    StatementForms,
    StatementFrame,
    StatementReads,
)
from application.ports.world import World
from domain.errors import LEDGER_STATEMENT_TOO_LARGE, NOT_FOUND, MediatorError
from domain.ids import LedgerAccountId, TenantId
from domain.statements import Period, Statement, StatementEntry, period_of

PAGE = 1_000
"""Entries that are read at once."""

ENTRIES_MAX = 10_000
"""Most entries of one statement, unless the caller allows more."""


class GetStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Which account, from when until when (without that moment), and in which form.

    Without both ends: the last calendar month in UTC.
    """

    account_id: LedgerAccountId
    form: StatementForm
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None
    entries_max: int = ENTRIES_MAX


@dataclass(frozen=True, slots=True)
class GetStatementHandler:
    """The policy: a statement adds up or is not given, and nothing of it is cut off.

    - Entries belong to the period in which they were recorded, whenever they count for.
    - Both ends are read at one moment; the pages between them cannot change.
    - What is longer than allowed is refused before it is read.
    """

    reads: StatementReads
    forms: StatementForms
    world: World

    async def __call__(self, command: GetStatement, call: Call) -> StatementDocument:
        """Read it, add it up, write it down. Raises NOT_FOUND, VAL_PERIOD, LEDGER_STATEMENT_TOO_LARGE."""
        period = period_of(command.recorded_from, command.recorded_before, now=self.world.moment().now)
        frame = await self.reads.find_frame(call.tenant_id, command.account_id, period)
        if frame is None:
            raise MediatorError(NOT_FOUND, "There is no such account.")
        entries = await self._entries(call.tenant_id, frame, period, command.entries_max)
        statement = Statement(
            account=frame.account,
            period=period,
            as_of=frame.as_of,
            opening_minor=frame.opening_minor,
            closing_minor=frame.closing_minor,
            entries=entries,
            available_minor=frame.available_minor if period.end > frame.as_of else None,
        )
        return await self.forms.written(statement, command.form)

    async def _entries(
        self, tenant_id: TenantId, frame: StatementFrame, period: Period, entries_max: int
    ) -> tuple[StatementEntry, ...]:
        """Read page after page until there is no more, or more than allowed."""
        found: list[StatementEntry] = []
        after: Place | None = None
        while True:
            limit = min(PAGE, entries_max + 1 - len(found))
            page = await self.reads.entries(
                tenant_id, frame.account.id, period, last_version=frame.last_version, after=after, limit=limit
            )
            found.extend(page)
            if len(found) > entries_max:
                raise MediatorError(LEDGER_STATEMENT_TOO_LARGE, f"The period has more than {entries_max} entries.")
            if len(page) < limit:
                return tuple(found)
            after = Place(page[-1].recorded_at, page[-1].account_version)
