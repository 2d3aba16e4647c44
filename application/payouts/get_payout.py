"""Tell everything about one payout: its operation, its postings, and what happened to the money and when."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.payments import BookedEntry
from application.ports.payouts import PayoutQueries, PayoutRepository
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import Event
from domain.ids import PayoutId
from domain.payout_dossier import PayoutDossier

READINGS_MAX = 20
"""How often a history is read again because the payout changed meanwhile: it is told as of one moment."""


class GetPayout(msgspec.Struct, frozen=True):
    """Which payout to tell."""

    payout_id: PayoutId


class PayoutHistory(msgspec.Struct, frozen=True):
    """A payout, what happened to it, and what was booked for it."""

    dossier: PayoutDossier
    events: tuple[Event, ...]
    entries: tuple[BookedEntry, ...]


@dataclass(frozen=True, slots=True)
class GetPayoutHandler:
    """The policy: whoever may see the payout may see its whole story."""

    payouts: PayoutRepository
    queries: PayoutQueries

    async def __call__(self, command: GetPayout, call: Call) -> PayoutHistory:
        """Read a payout's history. Raises NOT_FOUND; SERVICE_UNAVAILABLE when it never stands still."""
        dossier = await self.payouts.get(call.tenant_id, command.payout_id)
        for _ in range(READINGS_MAX):
            events = await self.queries.events(call.tenant_id, command.payout_id)
            entries = await self.queries.entries(call.tenant_id, command.payout_id)
            again = await self.payouts.get(call.tenant_id, command.payout_id)
            if again.payout.version == dossier.payout.version:
                return PayoutHistory(dossier, events, entries)
            dossier = again
        raise MediatorError(SERVICE_UNAVAILABLE, "The payout changes too fast to be told.", retry_after_seconds=1)
