"""Give captured money back to the customer."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from application.ports.journal import Answer
from domain.dossier import Dossier, Move
from domain.ids import PaymentId
from domain.moment import Moment
from domain.providers import ProviderTerms
from domain.refunding import begin_refund


class RefundPayment(msgspec.Struct, frozen=True, kw_only=True):
    """How much to give back in minor units (None: all that is left), and why."""

    payment_id: PaymentId
    amount_minor: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RefundPaymentHandler:
    """The policy.

    - Pending and succeeded refunds together never exceed what was captured, however many are asked for at once.
    - The amount is held against what we owe before the provider hears of it.
    """

    step: ProviderStep

    async def __call__(self, command: RefundPayment, call: Call) -> Answer:
        """Refund, or give the earlier answer of the call's key."""

        def decide(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> Move:
            return begin_refund(
                dossier,
                moment,
                amount_minor=command.amount_minor,
                reason=command.reason,
                terms=terms,
            )

        earlier = await self.step.recall(call, decide)
        if earlier is not None:
            return earlier
        dossier = await self.step.payments.get(call.tenant_id, command.payment_id)
        return await self.step.begin(call, dossier, decide)
