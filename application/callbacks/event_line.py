"""Events of callbacks in line: each waits for the earlier ones about the same object, then acts."""

from dataclasses import dataclass
from datetime import timedelta

from application.call import Call
from application.hearing import AppliesCallbacks, Effect, Heard
from application.ports.callbacks import CallbackInbox, CallbackSummary, StoredEvent
from application.ports.journal import Conflict
from application.ports.world import World
from domain.callbacks import CallbackState
from domain.ids import CallbackId
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

    async def take_all(
        self, call: Call, callback_id: CallbackId, *, at_its_word: bool, patiently: bool = True
    ) -> tuple[Effect, ...]:
        """Act on every event of a callback that waits, in its order; give the effects. Raises Conflict: come again.

        `patiently`: each when it is its turn. What is done again waits for nobody.
        """
        callback = await self.inbox.get(call.tenant_id, callback_id)
        effects = []
        for event in callback.events:
            if event.state is CallbackState.RECEIVED:
                if patiently:
                    await self._wait_for_turn(call, event)
                effects.append(
                    await self._taken(call, callback.summary, event, at_its_word=at_its_word, patiently=patiently)
                )
        await self.inbox.finish(call.tenant_id, callback_id)
        return tuple(one for one in effects if one is not None)

    async def _wait_for_turn(self, call: Call, event: StoredEvent) -> None:
        since = self.world.moment().now - PATIENCE
        if await self.inbox.must_wait(call.tenant_id, event, since=since):
            raise Conflict(f"an earlier event about {event.lane} is not dealt with yet")

    async def _taken(
        self, call: Call, callback: CallbackSummary, event: StoredEvent, *, at_its_word: bool, patiently: bool
    ) -> Effect | None:
        effect = await self.contexts.apply(call, heard_of(callback, event.said, at_its_word=at_its_word))
        if effect is not None:
            await self.inbox.settle(call.tenant_id, event, CallbackState.APPLIED, subject=effect.subject)
            return effect
        if patiently and may_be_early(event.said) and self.world.moment().now < callback.received_at + EARLY:
            raise Conflict(f"nothing of ours is called {event.lane} yet")
        detail = "it is about nothing of ours"
        await self.inbox.settle(call.tenant_id, event, CallbackState.IGNORED, detail=detail)
        return None


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
