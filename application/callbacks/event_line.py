"""Events of callbacks in line: each waits for the earlier ones about the same object, then acts."""

from dataclasses import dataclass
from datetime import timedelta

from application.call import Call
from application.hearing import AppliesCallbacks, Effect, Heard
from application.ports.callbacks import CallbackInbox, CallbackSummary, StoredEvent
from application.ports.journal import Conflict
from application.ports.world import World
from domain.callbacks import CallbackState
from domain.providers import CallbackEvent

PATIENCE = timedelta(seconds=60)
"""How long an event waits for an earlier one. Whatever the order, the same becomes true in the end: an earlier one that
was put aside for a person must not hold back all that follow."""

EARLY = timedelta(seconds=10)
"""How much sooner the provider's word may be here than our own note of the name under which it speaks of an operation
(its answer to us is still on the way): so long nobody says that an event is about nothing of ours."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """Shared by those who act on events for the first time and those who do so again."""

    inbox: CallbackInbox
    contexts: AppliesCallbacks
    world: World

    async def take(
        self, call: Call, callback: CallbackSummary, event: StoredEvent, *, at_its_word: bool
    ) -> Effect | None:
        """Act on an event when it is its turn; None when it is about nothing of ours. Raises Conflict: come again."""
        now = self.world.moment().now
        if await self.inbox.must_wait(call.tenant_id, event, since=now - PATIENCE):
            raise Conflict(f"an earlier event about {event.lane} is not dealt with yet")
        effect = await self.contexts.apply(call, heard_of(callback, event.said, at_its_word=at_its_word))
        if effect is None and may_be_early(event.said) and now < callback.received_at + EARLY:
            raise Conflict(f"nothing of ours is called {event.lane} yet")
        if effect is None:
            detail = "it is about nothing of ours"
            await self.inbox.settle(call.tenant_id, event, CallbackState.IGNORED, detail=detail)
        else:
            await self.inbox.settle(call.tenant_id, event, CallbackState.APPLIED, subject=effect.subject)
        return effect


def heard_of(callback: CallbackSummary, said: CallbackEvent, *, at_its_word: bool) -> Heard:
    """Say what was heard, and from whom."""
    return Heard(
        provider_account_id=callback.provider_account_id,
        provider=callback.provider,
        said=said,
        at_its_word=at_its_word,
    )


def may_be_early(said: CallbackEvent) -> bool:
    """Whether an event names its object by the provider's words only; our keys are known before anything is sent."""
    by_their_words = said.provider_reference is not None or said.operation_reference is not None
    return said.operation_key is None and by_their_words
