"""Refuse a payout that waits for approval."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payouts.deciding import PayoutDecisions
from application.ports.journal import Answer
from domain.ids import PayoutId
from domain.moment import Moment
from domain.paying_out import deny
from domain.payout_dossier import PayoutDossier, PayoutMove


class DenyPayout(msgspec.Struct, frozen=True):
    """Which payout."""

    payout_id: PayoutId


@dataclass(frozen=True, slots=True)
class DenyPayoutHandler:
    """The policy: only what waits for approval; who denied is recorded. Nothing is sent, the hold is released."""

    decisions: PayoutDecisions

    async def __call__(self, command: DenyPayout, call: Call) -> Answer:
        """Do it, or give the earlier answer of the call's key. Raises NOT_FOUND, STATE_CONFLICT."""

        def decide(dossier: PayoutDossier, moment: Moment) -> PayoutMove:
            return deny(dossier, moment, actor=call.actor)

        return await self.decisions.decide(call, command.payout_id, decide)
