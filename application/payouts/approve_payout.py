"""Let a payout be sent that waits for approval."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payouts.deciding import PayoutDecisions
from application.ports.journal import Answer
from domain.ids import PayoutId
from domain.moment import Moment
from domain.paying_out import approve
from domain.payout_dossier import PayoutDossier, PayoutMove


class ApprovePayout(msgspec.Struct, frozen=True):
    """Which payout."""

    payout_id: PayoutId


@dataclass(frozen=True, slots=True)
class ApprovePayoutHandler:
    """The policy: only what waits for approval; who approved is recorded. A worker sends it then."""

    decisions: PayoutDecisions

    async def __call__(self, command: ApprovePayout, call: Call) -> Answer:
        """Do it, or give the earlier answer of the call's key. Raises NOT_FOUND, STATE_CONFLICT."""

        def decide(dossier: PayoutDossier, moment: Moment) -> PayoutMove:
            return approve(dossier, moment, actor=call.actor)

        return await self.decisions.decide(call, command.payout_id, decide)
