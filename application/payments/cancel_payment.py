"""Cancel a payment: release whatever of it is not captured."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import DECISIONS_MAX, ProviderStep
from application.ports.journal import Answer, Conflict, Unit
from domain.dossier import Dossier, Move
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import PaymentId, Prefix, public_id
from domain.moment import Moment
from domain.payments import PaymentState
from domain.providers import ProviderTerms
from domain.voiding import begin_void, cancel_unsent


class CancelPayment(msgspec.Struct, frozen=True):
    """Which payment to cancel."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class CancelPaymentHandler:
    """The policy.

    - What was captured stays captured: only the rest is released; refunds are another matter.
    - A payment that never reached a provider is cancelled without asking one.
    - While an outcome is open nothing is cancelled: the answer says when to try again.
    """

    step: ProviderStep

    async def __call__(self, command: CancelPayment, call: Call) -> Answer:
        """Cancel, or give the earlier answer of the call's key."""

        def decide(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> Move:
            return begin_void(dossier, moment, terms=terms)

        for _ in range(DECISIONS_MAX):
            earlier = await self.step.recall(call, decide)
            if earlier is not None:
                return earlier
            dossier = await self.step.payments.get(call.tenant_id, command.payment_id)
            if dossier.payment.state is not PaymentState.CREATED:
                return await self.step.begin(call, dossier, decide)
            try:
                return await self._unsent(call, dossier)
            except Conflict:
                continue
        raise MediatorError(SERVICE_UNAVAILABLE, "The payment is too busy; try again.", retry_after_seconds=1)

    async def _unsent(self, call: Call, dossier: Dossier) -> Answer:
        moment = self.step.world.moment()
        after, events = cancel_unsent(dossier, moment)
        audit = call.audit("payment.voided", public_id(Prefix.PAYMENT, dossier.payment.id), moment)
        unit = Unit.of(audit=audit, before=dossier, after=after, events=events)
        answer = self.step.answers.payment(unit.after, request_id=call.request_id)
        await self.step.journal.commit(msgspec.structs.replace(unit, idempotency=call.kept(answer)))
        return answer
