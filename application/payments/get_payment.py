"""Tell everything about one payment: its attempts, its postings, and what happened to the money and when."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.payments import BookedEntry, PaymentQueries, PaymentRepository
from domain.dossier import Dossier
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import Event
from domain.ids import PaymentId

READINGS_MAX = 20
"""How often a history is read again because the payment changed meanwhile: it is told as of one moment."""


class GetPayment(msgspec.Struct, frozen=True):
    """Which payment to tell."""

    payment_id: PaymentId


class PaymentHistory(msgspec.Struct, frozen=True):
    """A payment with its events and entries, in the order in which they happened."""

    dossier: Dossier
    events: tuple[Event, ...]
    entries: tuple[BookedEntry, ...]


@dataclass(frozen=True, slots=True)
class GetPaymentHandler:
    """The policy: whoever may see the payment may see its whole story."""

    payments: PaymentRepository
    queries: PaymentQueries

    async def __call__(self, command: GetPayment, call: Call) -> PaymentHistory:
        """Read a payment's history. Raises NOT_FOUND; SERVICE_UNAVAILABLE when it never stands still."""
        dossier = await self.payments.get(call.tenant_id, command.payment_id)
        for _ in range(READINGS_MAX):
            events = await self.queries.events(call.tenant_id, command.payment_id)
            entries = await self.queries.entries(call.tenant_id, command.payment_id)
            again = await self.payments.get(call.tenant_id, command.payment_id)
            if again.payment.version == dossier.payment.version:
                return PaymentHistory(dossier, events, entries)
            dossier = again
        raise MediatorError(SERVICE_UNAVAILABLE, "The payment changes too fast to be told.", retry_after_seconds=1)
