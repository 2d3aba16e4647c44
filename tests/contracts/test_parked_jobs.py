"""The promise of the dead letters: parked once, listed until somebody gives them to the queue again, once."""

import asyncio

import msgspec
import pytest
from uuid_utils.compat import uuid7

from application.ports.queue import ParkedJob
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import EventId, TenantId
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.world import MONDAY


def a_job(house: House) -> ParkedJob:
    """A job that failed too often."""
    return ParkedJob(
        tenant_id=house.tenant_id,
        id=uuid7(),
        actor="resolve",
        arguments={"operation_id": "opn_1"},
        error="TimeoutError: it took too long",
        attempts=5,
        parked_at=MONDAY,
    )


async def test_a_parked_job_is_listed_with_all_that_is_known_of_it(house: House) -> None:
    job = a_job(house)
    await house.parked.park(job)

    (found,) = await house.parked.list(house.tenant_id, limit=9)
    assert msgspec.structs.replace(found, parked_at=MONDAY) == job
    assert found.parked_at > MONDAY


async def test_parking_twice_keeps_one(house: House) -> None:
    job = a_job(house)
    await house.parked.park(job)
    await house.parked.park(msgspec.structs.replace(job, error="another"))

    (found,) = await house.parked.list(house.tenant_id, limit=9)
    assert found.error == job.error


async def test_the_oldest_comes_first_and_no_more_than_asked_for(house: House) -> None:
    jobs = [a_job(house) for _ in range(3)]
    for job in jobs:
        await house.parked.park(job)

    assert [one.id for one in await house.parked.list(house.tenant_id, limit=2)] == [jobs[0].id, jobs[1].id]


async def test_a_job_is_given_to_the_queue_again_once(house: House) -> None:
    job = a_job(house)
    await house.parked.park(job)

    given = await asyncio.gather(*(house.parked.requeued(house.tenant_id, job.id) for _ in range(5)))

    assert [one.id for one in given if one is not None] == [job.id]
    assert next(one for one in given if one is not None).requeued_at is not None
    assert await house.parked.list(house.tenant_id, limit=9) == ()


async def test_there_is_nothing_to_give_again_where_nothing_was_parked(house: House) -> None:
    assert await house.parked.requeued(house.tenant_id, uuid7()) is None


async def test_another_tenant_sees_and_takes_nothing(house: House) -> None:
    job = a_job(house)
    await house.parked.park(job)
    stranger = TenantId(uuid7())

    assert await house.parked.list(stranger, limit=9) == ()
    assert await house.parked.requeued(stranger, job.id) is None
    assert len(await house.parked.list(house.tenant_id, limit=9)) == 1


async def test_an_event_is_read_back_by_its_tenant_alone(house: House) -> None:
    story = await keep(house, story_for(house))
    event = story.events[0]

    assert await house.events.get(house.tenant_id, event.event_id) == event
    for tenant_id, event_id in ((TenantId(uuid7()), event.event_id), (house.tenant_id, EventId(uuid7()))):
        with pytest.raises(MediatorError) as refusal:
            await house.events.get(tenant_id, event_id)
        assert refusal.value.entry is NOT_FOUND
