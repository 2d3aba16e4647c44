"""A reaction runs at least once, and only then does its event leave the outbox."""

import pytest

from application.call import Call
from application.operations.react_to_event import ReactToEvent, ReactToEventHandler
from application.ports.journal import Conflict
from domain.errors import NOT_FOUND, ROUTE_NO_PROVIDER, SERVICE_UNAVAILABLE, STATE_CONFLICT, MediatorError
from domain.events import Event
from domain.ids import EventId
from tests.application.operations.background import CALL, Background


class Reaction:
    """Remembers what it was asked to react to; raises what it is told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, EventId]] = []
        self.trouble: Exception | None = None

    async def __call__(self, reaction: str, event: Event, call: Call, /) -> None:
        self.seen.append((reaction, event.event_id))
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def reaction() -> Reaction:
    return Reaction()


@pytest.fixture
def handler(background: Background, reaction: Reaction) -> ReactToEventHandler:
    return ReactToEventHandler(background.house.events, background.house.outbox, reaction)


async def test_event_leaves_the_outbox_after_its_reaction(
    background: Background, reaction: Reaction, handler: ReactToEventHandler
) -> None:
    event_id = await background.receive_callback()

    await handler(ReactToEvent(event_id, "apply_callback"), CALL)

    assert reaction.seen == [("apply_callback", event_id)]
    assert await background.house.windows.outbox_tags() == []


@pytest.mark.parametrize(
    "trouble",
    [
        MediatorError(SERVICE_UNAVAILABLE, "The database is away."),
        MediatorError(ROUTE_NO_PROVIDER, "It is switched off."),
        Conflict(),
        ZeroDivisionError(),
    ],
    ids=repr,
)
async def test_event_stays_in_the_outbox_when_its_reaction_fails(
    background: Background, reaction: Reaction, handler: ReactToEventHandler, trouble: Exception
) -> None:
    event_id = await background.receive_callback()
    reaction.trouble = trouble

    with pytest.raises(type(trouble)):
        await handler(ReactToEvent(event_id, "apply_callback"), CALL)

    assert await background.house.windows.outbox_tags() == ["callback.received"]


@pytest.mark.parametrize("entry", [NOT_FOUND, STATE_CONFLICT], ids=lambda entry: entry.code)
async def test_reaction_whose_subject_moved_on_is_done(
    background: Background, reaction: Reaction, handler: ReactToEventHandler, entry: object
) -> None:
    event_id = await background.receive_callback()
    reaction.trouble = MediatorError(NOT_FOUND if entry is NOT_FOUND else STATE_CONFLICT, "It moved on.")

    await handler(ReactToEvent(event_id, "apply_callback"), CALL)

    assert await background.house.windows.outbox_tags() == []


async def test_event_that_is_gone_is_nothing_to_react_to(
    background: Background, reaction: Reaction, handler: ReactToEventHandler
) -> None:
    await handler(ReactToEvent(EventId(background.world.new_id()), "apply_callback"), CALL)

    assert reaction.seen == []
