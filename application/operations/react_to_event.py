"""Carry out one reaction to one event, then let the event go from the outbox."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from application.call import Call
from application.operations.verdicts import JobVerdict, verdict_on
from application.ports.outbox import Outbox
from application.ports.queue import EventStore
from domain.errors import MediatorError
from domain.events import Event
from domain.ids import EventId


class React(Protocol):
    """Carries out the reaction of that name, which is idempotent on the event."""

    async def __call__(self, reaction: str, event: Event, call: Call, /) -> None:
        """React. Raises LookupError when nobody of that name reacts to such an event."""
        ...


class ReactToEvent(msgspec.Struct, frozen=True):
    """Which event, and which reaction to it."""

    event_id: EventId
    reaction: str


@dataclass(frozen=True, slots=True)
class ReactToEventHandler:
    """The policy.

    - The event leaves the outbox after the reaction, never before: losing the job only delays it.
    - A reaction whose subject is gone or has moved on is done.
    """

    events: EventStore
    outbox: Outbox
    react: React

    async def __call__(self, command: ReactToEvent, call: Call) -> None:
        """React once more or for the first time: both are the same. Raises whatever is worth another try."""
        try:
            event = await self.events.get(call.tenant_id, command.event_id)
            await self.react(command.reaction, event, call)
        except MediatorError as error:
            if verdict_on(error) is not JobVerdict.DONE:
                raise
        await self.outbox.events_given(call.tenant_id, (command.event_id,))
