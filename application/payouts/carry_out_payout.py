"""Take the next step of a payout: send it, or ask its provider what became of it."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payouts.payout_step import PayoutStep
from domain.ids import PayoutId
from domain.payout_dossier import PayoutDossier


class CarryOutPayout(msgspec.Struct, frozen=True):
    """Which payout."""

    payout_id: PayoutId


@dataclass(frozen=True, slots=True)
class CarryOutPayoutHandler:
    """The policy.

    - The claim to send, with its outbound key, is committed before the provider hears of the payout.
    - One key per payout, made once. What was provably not sent is sent again under it, ever more rarely.
    - What is missing at the provider after its horizon is sent again only where a repeated key has one effect.
    - Everything else that is open is asked about until the answer is definite, or a person must look.
    """

    step: PayoutStep

    async def __call__(self, command: CarryOutPayout, call: Call) -> PayoutDossier:
        """Do it; nothing when nothing is to be done now. Raises NOT_FOUND, ROUTE_NO_PROVIDER."""
        return await self.step.carry_on(call, command.payout_id)
