"""Carry a tenant's ledger out, as a file that proves itself whole."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from application.ledger.ledger_file import Reckoning, written
from application.ports.ledger_copies import LedgerCopies, Trailer
from domain.ids import TenantId


class ExportLedger(msgspec.Struct, frozen=True, kw_only=True):
    """Whose ledger, and where its lines go; `on_progress` hears how many lines there were so far."""

    tenant_id: TenantId
    write: Callable[[bytes], object]
    on_progress: Callable[[int], object] = lambda _: None


@dataclass(frozen=True, slots=True)
class ExportLedgerHandler:
    """The policy: a file is the ledger as it stood at one moment, whatever is booked meanwhile.

    - It has accounts, transactions with their entries, references, reversals and holds.
    - It has no payments, limits, monitors, quotes, events, audit records or keys: those are not the ledger.
    - Its trailer counts and adds up, and has the digest of every byte.
    """

    copies: LedgerCopies

    async def __call__(self, command: ExportLedger) -> Trailer:
        """Write every line; give the trailer, which is the last of them."""
        reckoning = Reckoning()
        async with aclosing(self.copies.lines(command.tenant_id)) as lines:
            async for line in lines:
                raw = written(line)
                reckoning.add(line, raw)
                command.write(raw)
                command.on_progress(reckoning.lines)
        trailer = reckoning.trailer()
        command.write(written(trailer))
        return trailer
