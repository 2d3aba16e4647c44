"""Each event goes to exactly its reactions, and leaves the outbox only when nobody needs it there."""

import pytest

from application.operations.relay_outbox import RelayOutbox, RelayOutboxHandler, Subscriptions
from application.subscriptions import SUBSCRIPTIONS
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from tests.application.operations.background import LEASE_SECONDS, Background
from tests.fakes.story import TENANT, Story

RELAY = RelayOutbox()


@pytest.fixture
def relay(background: Background) -> RelayOutboxHandler:
    return RelayOutboxHandler(background.house.outbox, background.queue, SUBSCRIPTIONS, LEASE_SECONDS)


async def test_each_event_is_given_to_exactly_its_reactions(background: Background, relay: RelayOutboxHandler) -> None:
    story = await background.commit(Story(world=background.world).succeed())
    first, second = await background.receive_callback(), await background.receive_callback()

    done = await relay(RELAY)

    assert done == len(story.events) + 2
    assert background.queue.jobs == [
        ("react", TENANT, first, "apply_callback"),
        ("react", TENANT, second, "apply_callback"),
    ]


async def test_event_without_a_reaction_leaves_the_outbox(background: Background, relay: RelayOutboxHandler) -> None:
    await background.commit(Story(world=background.world))

    await relay(RELAY)

    assert await background.house.windows.outbox_tags() == []


async def test_event_with_a_reaction_stays_until_it_is_done(background: Background, relay: RelayOutboxHandler) -> None:
    await background.receive_callback()

    await relay(RELAY)

    assert await background.house.windows.outbox_tags() == ["callback.received"]


async def test_event_is_left_alone_while_its_reaction_may_run(
    background: Background, relay: RelayOutboxHandler
) -> None:
    await background.receive_callback()
    await relay(RELAY)
    background.wait(seconds=LEASE_SECONDS - 1)

    assert await relay(RELAY) == 0
    assert len(background.queue.jobs) == 1


async def test_event_whose_reaction_was_lost_is_given_again(background: Background, relay: RelayOutboxHandler) -> None:
    event_id = await background.receive_callback()
    await relay(RELAY)
    background.queue.jobs.clear()
    background.wait(seconds=LEASE_SECONDS + 1)

    assert await relay(RELAY) == 1
    assert background.queue.jobs == [("react", TENANT, event_id, "apply_callback")]


async def test_nothing_is_lost_when_the_broker_is_down(background: Background, relay: RelayOutboxHandler) -> None:
    events = [await background.receive_callback() for _ in range(3)]
    background.queue.is_down = True
    with pytest.raises(MediatorError) as refusal:
        await relay(RELAY)
    background.queue.is_down = False
    background.wait(seconds=LEASE_SECONDS + 1)

    await relay(RELAY)

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert [job[2] for job in background.queue.jobs] == events


async def test_one_pass_takes_a_bounded_number_and_the_next_takes_the_rest(
    background: Background, relay: RelayOutboxHandler
) -> None:
    events = [await background.receive_callback() for _ in range(120)]

    assert await relay(RELAY) == 100
    assert await relay(RELAY) == 20
    assert [job[2] for job in background.queue.jobs] == events


async def test_a_hinted_tenant_is_looked_at_without_asking_who_is_due(
    background: Background, relay: RelayOutboxHandler
) -> None:
    event_id = await background.receive_callback()

    done = await relay(RelayOutbox((TENANT,)))

    assert done == 1
    assert background.queue.jobs[0][2] == event_id


async def test_event_of_an_unknown_kind_waits_for_a_newer_relay(background: Background) -> None:
    older = RelayOutboxHandler(background.house.outbox, background.queue, Subscriptions({}), LEASE_SECONDS)
    await background.receive_callback()

    assert await older(RELAY) == 0
    assert background.queue.jobs == []
    assert await background.house.windows.outbox_tags() == ["callback.received"]


def test_second_reaction_to_an_event_is_refused_while_the_outbox_keeps_one_row_per_event() -> None:
    with pytest.raises(ValueError, match=r"payment\.captured"):
        Subscriptions({"payment.captured": ("notify", "screen")})
