"""Decide about a payout for a caller: commit the decision with the claim of the caller's key, then tell it."""

from collections.abc import Callable
from dataclasses import dataclass

from application.call import Call
from application.ports.answers import PayoutAnswers
from application.ports.journal import Answer, Committed, Conflict, Journal, Keep, PayoutUnit, Resume
from application.ports.payouts import PayoutRepository
from application.ports.world import World
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import tag_of
from domain.ids import PayoutId, Prefix, public_id
from domain.moment import Moment
from domain.payout_dossier import PayoutDossier, PayoutMove

DECISIONS_MAX = 64
"""How often a decision is taken again because somebody else was faster."""

Decide = Callable[[PayoutDossier, Moment], PayoutMove]


@dataclass(frozen=True, slots=True)
class PayoutDecisions:
    """Shared by every use case that a caller decides with. None of them speaks with a provider: a worker does."""

    journal: Journal
    payouts: PayoutRepository
    answers: PayoutAnswers
    world: World

    async def open(self, call: Call, opening: PayoutMove, moment: Moment) -> Answer:
        """Begin a payout, or give the earlier answer of the call's key. Raises LEDGER_INSUFFICIENT_FUNDS."""
        return await self._committed(call, None, opening, moment, made=True)

    async def decide(self, call: Call, payout_id: PayoutId, decide: Decide) -> Answer:
        """Decide on a payout as it stands now, or give the earlier answer of the call's key.

        Raises NOT_FOUND, and STATE_CONFLICT when it does not stand so that this could be decided.
        """
        for _ in range(DECISIONS_MAX):
            dossier = await self.payouts.get(call.tenant_id, payout_id)
            moment = self.world.moment()
            try:
                move = decide(dossier, moment)
            except MediatorError:
                # Perhaps it was just this request that moved it, and its answer got lost.
                earlier = await self.recall(call)
                if earlier is None:
                    raise
                return earlier
            try:
                return await self._committed(call, dossier, move, moment, made=False)
            except Conflict:
                continue
        raise MediatorError(SERVICE_UNAVAILABLE, "The payout is too busy; repeat the request.", retry_after_seconds=1)

    async def recall(self, call: Call, *, made: bool = False) -> Answer | None:
        """Give the earlier answer of the call's key; None for a key that was never used."""
        if call.idempotency is None:
            return None
        known = await self.journal.recall(call.tenant_id, call.idempotency, lease_seconds=1.0)
        return await self._told(call, PayoutId(known.resource_id), made=made) if isinstance(known, Resume) else known

    async def _committed(
        self, call: Call, before: PayoutDossier | None, move: PayoutMove, moment: Moment, *, made: bool
    ) -> Answer:
        after, events = move
        audit = call.audit(tag_of(events[-1]), public_id(Prefix.PAYOUT, after.payout.id), moment)
        unit = PayoutUnit.of(
            audit=audit, before=before, after=after, events=events, idempotency=call.claim(after.payout.id)
        )
        match await self.journal.commit(unit):
            case Committed():
                return await self._kept(call, unit.after, made=made)
            case Resume(resource_id):
                return await self._told(call, PayoutId(resource_id), made=made)
            case Answer() as earlier:
                return earlier

    async def _told(self, call: Call, payout_id: PayoutId, *, made: bool) -> Answer:
        """Tell what an earlier request with this key did and did not live to tell."""
        return await self._kept(call, await self.payouts.get(call.tenant_id, payout_id), made=made)

    async def _kept(self, call: Call, dossier: PayoutDossier, *, made: bool) -> Answer:
        answer = self.answers.payout(dossier, made=made)
        kept = call.kept(answer)
        return await self.journal.keep_answer(call.tenant_id, kept) if isinstance(kept, Keep) else answer
