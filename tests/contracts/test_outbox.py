"""The promise of the outbox: every piece of work is given to one claimer at a time, and comes back when not done."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from application.ports.journal import Claim, Keep
from domain.authorizing import UNSENT_LIFETIME
from domain.ids import EventId, OperationId
from tests.fakes.house import House
from tests.fakes.keeping import a_key, a_world, an_answer, keep, story_for
from tests.fakes.story import NOT_SENT, UNKNOWN, Story

LEASE_SECONDS = 60.0
OVER = -1.0
"""A lease that has ended when it begins."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


async def claim(house: House, *, limit: int = 100, lease_seconds: float = LEASE_SECONDS) -> list[EventId]:
    """Claim events."""
    claimed = await house.outbox.claim_events(house.tenant_id, limit=limit, lease_seconds=lease_seconds)
    return [one.event_id for one in claimed]


async def claim_operations(house: House, *, lease_seconds: float = LEASE_SECONDS) -> list[OperationId]:
    """Claim open operations that are due."""
    return list(await house.outbox.claim_operations(house.tenant_id, limit=100, lease_seconds=lease_seconds))


async def is_due(house: House) -> bool:
    """Whether the tenant has work that is due."""
    return house.tenant_id in await house.outbox.due_tenants(limit=10_000)


async def nothing_waits(house: House) -> None:
    """Give all events on."""
    await house.outbox.events_given(house.tenant_id, tuple(await claim(house, lease_seconds=OVER)))


def begun_at(house: House, moment: datetime) -> Story:
    """A payment that began then."""
    return story_for(house, world=a_world(moment))


class TestEvents:
    """Events on their way."""

    async def test_events_are_given_in_their_order_with_their_tags(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())

        claimed = await house.outbox.claim_events(house.tenant_id, limit=9, lease_seconds=LEASE_SECONDS)
        assert [(one.event_id, one.tag) for one in claimed] == [
            (story.events[0].event_id, "payment.created"),
            (story.events[1].event_id, "payment.attempt_started"),
            (story.events[2].event_id, "payment.captured"),
        ]

    async def test_what_one_has_claimed_nobody_else_is_given(self, house: House) -> None:
        await keep(house, story_for(house))

        assert len(await claim(house)) == 2
        assert await claim(house) == []

    async def test_a_claim_takes_no_more_than_it_asked_for(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())

        assert await claim(house, limit=2) == [story.events[0].event_id, story.events[1].event_id]
        assert await claim(house, limit=2) == [story.events[2].event_id]

    async def test_what_was_not_given_on_within_its_lease_comes_back(self, house: House) -> None:
        await keep(house, story_for(house))

        first = await claim(house, lease_seconds=OVER)
        assert await claim(house) == first

    async def test_what_was_given_on_never_comes_back(self, house: House) -> None:
        story = await keep(house, story_for(house))
        await house.outbox.events_given(house.tenant_id, (story.events[0].event_id,))

        assert await claim(house) == [story.events[1].event_id]

    async def test_giving_on_twice_is_no_trouble_and_the_event_itself_stays(self, house: House) -> None:
        story = await keep(house, story_for(house))
        given = tuple(event.event_id for event in story.events)
        await house.outbox.events_given(house.tenant_id, given)
        await house.outbox.events_given(house.tenant_id, given)

        assert await house.events.get(house.tenant_id, given[0]) == story.events[0]

    async def test_many_claimers_share_nothing_and_miss_nothing(self, house: House) -> None:
        stories = [await keep(house, story_for(house)) for _ in range(10)]

        claims = await asyncio.gather(*(claim(house, limit=3) for _ in range(10)))

        shared = [event_id for one in claims for event_id in one]
        rest = await claim(house)
        assert len(shared) == len(set(shared))
        assert {*shared, *rest} == {event.event_id for story in stories for event in story.events}


class TestOperations:
    """Open operations, when it is time to ask about them."""

    async def test_an_operation_is_claimed_once_it_is_due(self, house: House) -> None:
        due = await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))
        await keep(house, begun_at(house, FAR_AWAY).settle(UNKNOWN))

        assert await claim_operations(house) == [due.operation().id]
        assert await claim_operations(house) == []

    async def test_an_operation_comes_back_when_nobody_asked_within_the_lease(self, house: House) -> None:
        story = await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))

        assert await claim_operations(house, lease_seconds=OVER) == [story.operation().id]
        assert await claim_operations(house) == [story.operation().id]

    async def test_an_operation_whose_sender_died_is_claimed_too(self, house: House) -> None:
        story = await keep(house, begun_at(house, LONG_AGO))

        assert await claim_operations(house) == [story.operation().id]

    async def test_an_operation_that_was_asked_about_may_be_claimed_again_when_it_is_due_again(
        self, house: House
    ) -> None:
        story = await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))
        await claim_operations(house)
        await keep(house, story.wait_for_query().settle(UNKNOWN))

        assert await claim_operations(house) == [story.operation().id]

    async def test_a_settled_operation_is_not_claimed(self, house: House) -> None:
        await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN).succeed())

        assert await claim_operations(house) == []

    async def test_the_one_that_waits_longest_is_asked_about_first(self, house: House) -> None:
        later = await keep(house, begun_at(house, LONG_AGO + timedelta(days=1)).settle(UNKNOWN))
        earlier = await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))

        claimed = await house.outbox.claim_operations(house.tenant_id, limit=1, lease_seconds=LEASE_SECONDS)
        assert claimed == (earlier.operation().id,)
        assert await claim_operations(house) == [later.operation().id]

    async def test_many_claimers_share_no_operation(self, house: House) -> None:
        stories = [await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN)) for _ in range(6)]

        claims = await asyncio.gather(
            *(house.outbox.claim_operations(house.tenant_id, limit=2, lease_seconds=LEASE_SECONDS) for _ in range(6))
        )

        shared = [operation_id for one in claims for operation_id in one]
        rest = await claim_operations(house)
        assert len(shared) == len(set(shared))
        assert {*shared, *rest} == {story.operation().id for story in stories}


class TestUnsent:
    """Payments that never reached a provider."""

    async def test_only_what_was_never_sent_and_is_old_enough_is_given(self, house: House) -> None:
        old = await keep(house, begun_at(house, LONG_AGO).settle(NOT_SENT))
        await keep(house, begun_at(house, datetime.now(UTC)).settle(NOT_SENT))
        await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))
        await keep(house, begun_at(house, LONG_AGO).settle(NOT_SENT).cancel_unsent())

        age = UNSENT_LIFETIME.total_seconds()
        unsent = await house.outbox.claim_unsent(house.tenant_id, limit=9, age_seconds=age)
        assert unsent == (old.payment.id,)
        assert await house.outbox.claim_unsent(house.tenant_id, limit=0, age_seconds=age) == ()


class TestDueTenants:
    """Which tenants have something to do."""

    async def test_a_tenant_without_work_is_not_due(self, house: House) -> None:
        assert not await is_due(house)

    async def test_a_tenant_is_due_until_its_events_are_claimed_or_given(self, house: House) -> None:
        await keep(house, begun_at(house, FAR_AWAY))
        assert await is_due(house)
        await claim(house)
        assert not await is_due(house)

    async def test_a_tenant_is_due_when_an_operation_is(self, house: House) -> None:
        await keep(house, begun_at(house, LONG_AGO).settle(UNKNOWN))
        await nothing_waits(house)
        assert await is_due(house)
        await claim_operations(house)
        assert not await is_due(house)

    async def test_a_tenant_is_due_when_a_payment_has_waited_too_long(self, house: House) -> None:
        await keep(house, begun_at(house, LONG_AGO).settle(NOT_SENT))
        await nothing_waits(house)

        assert await is_due(house)

    async def test_a_tenant_is_not_due_while_everything_waits_for_its_time(self, house: House) -> None:
        await keep(house, begun_at(house, FAR_AWAY).settle(UNKNOWN))
        await nothing_waits(house)

        assert not await is_due(house)


class TestKeys:
    """Old idempotency keys are forgotten, in batches, and never one that is in use."""

    @pytest.mark.parametrize("age_seconds", [3_600.0, OVER], ids=["young", "old"])
    async def test_answered_keys_are_forgotten_once_they_are_old(self, house: House, age_seconds: float) -> None:
        await house.journal.keep_answer(house.tenant_id, Keep(a_key(), an_answer()))

        await house.outbox.forget_keys(age_seconds=age_seconds, limit=100_000)

        expected = None if age_seconds == OVER else ("done", 1)
        assert await house.windows.key_state(a_key()) == expected

    async def test_a_key_in_use_is_never_forgotten(self, house: House) -> None:
        unit = story_for(house).units[0]
        claimed = msgspec.structs.replace(unit, idempotency=Claim(a_key(), unit.after.operations[-1].id, 30.0))
        await house.journal.commit(claimed)

        await house.outbox.forget_keys(age_seconds=OVER, limit=100_000)

        assert await house.windows.key_state(a_key()) == ("started", 1)

    async def test_no_more_keys_are_forgotten_at_once_than_asked_for(self, house: House) -> None:
        for number in range(5):
            await house.journal.keep_answer(house.tenant_id, Keep(a_key(f"key-{number}"), an_answer()))

        assert await house.outbox.forget_keys(age_seconds=OVER, limit=2) == 2
