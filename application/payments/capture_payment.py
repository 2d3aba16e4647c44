"""Capture part or all of an authorized payment."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from application.ports.journal import Answer
from domain.capturing import begin_capture
from domain.dossier import Dossier, Move
from domain.ids import PaymentId
from domain.moment import Moment
from domain.providers import ProviderTerms


class CapturePayment(msgspec.Struct, frozen=True, kw_only=True):
    """How much to take in minor units (None: all that is left), and whether the rest is let go afterwards."""

    payment_id: PaymentId
    amount_minor: int | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class CapturePaymentHandler:
    """The policy.

    - Only an authorized payment, never beyond what is authorized, and never while another outcome is open.
    - A capture that certainly did not happen leaves the authorization as it was.
    """

    step: ProviderStep

    async def __call__(self, command: CapturePayment, call: Call) -> Answer:
        """Capture, or give the earlier answer of the call's key."""

        def decide(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> Move:
            return begin_capture(
                dossier,
                moment,
                amount_minor=command.amount_minor,
                final=command.final,
                terms=terms,
            )

        earlier = await self.step.recall(call, decide)
        if earlier is not None:
            return earlier
        dossier = await self.step.payments.get(call.tenant_id, command.payment_id)
        return await self.step.begin(call, dossier, decide)
