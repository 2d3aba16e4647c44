"""Remove a ledger that was not carried in to its end."""

from dataclasses import dataclass

from application.call import Call
from application.ports.ledger_copies import LedgerCopies


@dataclass(frozen=True, slots=True)
class RemoveImportHandler:
    """The policy: what an unfinished import brought can be taken away again; what is finished stays for good.

    Nothing that was booked since the import began is touched.
    """

    copies: LedgerCopies

    async def __call__(self, call: Call) -> int:
        """Remove it; give how many rows went (0: there was none)."""
        return await self.copies.remove(call.tenant_id)
