"""Cancel a payout that was not sent."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payouts.deciding import PayoutDecisions
from application.ports.journal import Answer
from domain.ids import PayoutId
from domain.moment import Moment
from domain.paying_out import cancel
from domain.payout_dossier import PayoutDossier, PayoutMove


class CancelPayout(msgspec.Struct, frozen=True):
    """Which payout."""

    payout_id: PayoutId


@dataclass(frozen=True, slots=True)
class CancelPayoutHandler:
    """The policy: only before it is being sent, or while it is proved that nothing was; the hold is released."""

    decisions: PayoutDecisions

    async def __call__(self, command: CancelPayout, call: Call) -> Answer:
        """Do it, or give the earlier answer of the call's key. Raises NOT_FOUND, STATE_CONFLICT."""

        def decide(dossier: PayoutDossier, moment: Moment) -> PayoutMove:
            return cancel(dossier, moment)

        return await self.decisions.decide(call, command.payout_id, decide)
