"""End a payment that never reached a provider and that nobody tried again."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.journal import Journal, Unit
from application.ports.payments import PaymentRepository
from application.ports.world import World
from domain.authorizing import expire
from domain.ids import PaymentId, Prefix, public_id


class ExpirePayment(msgspec.Struct, frozen=True):
    """Which payment to expire."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class ExpirePaymentHandler:
    """The policy: only a payment in `created`, a day after it was accepted; its hold is released."""

    journal: Journal
    payments: PaymentRepository
    world: World

    async def __call__(self, command: ExpirePayment, call: Call) -> None:
        """Expire it. Raises STATE_CONFLICT when it is not due, Conflict when it moved on meanwhile."""
        dossier = await self.payments.get(call.tenant_id, command.payment_id)
        moment = self.world.moment()
        after, events = expire(dossier, moment)
        audit = call.audit("payment.expired", public_id(Prefix.PAYMENT, command.payment_id), moment)
        await self.journal.commit(Unit.of(audit=audit, before=dossier, after=after, events=events))
