"""Jobs that failed for good: parked once, listed, and given back once."""

from uuid import UUID

import msgspec
import pytest

from application.operations.list_jobs import ListJobs, ListJobsHandler
from application.operations.park_job import ParkJob, ParkJobHandler
from application.operations.requeue_job import RequeueJob, RequeueJobHandler
from domain.errors import NOT_FOUND, SERVICE_UNAVAILABLE, STATE_CONFLICT, MediatorError
from domain.ids import EventId
from tests.application.operations.background import CALL, Background
from tests.fakes.story import TENANT

MESSAGE = UUID("018f0000-0000-7000-8000-00000000aaaa")
OPERATION = UUID("018f0000-0000-7000-8000-00000000bbbb")
PAYMENT = UUID("018f0000-0000-7000-8000-00000000cccc")


def failed(actor: str, **arguments: object) -> ParkJob:
    words = {"tenant_id": str(TENANT)} | {name: str(value) for name, value in arguments.items()}
    return ParkJob(actor=actor, arguments=words, message_id=MESSAGE, error="ZeroDivisionError", attempts=9)


def failed_reaction(event_id: EventId) -> ParkJob:
    return failed("react", event_id=event_id, reaction="apply_callback")


class Desk:
    """The use cases around dead letters."""

    def __init__(self, background: Background) -> None:
        house = background.house
        self.park = ParkJobHandler(house.parked, house.outbox, background.world)
        self.list = ListJobsHandler(house.parked)
        self.requeue = RequeueJobHandler(house.parked, background.queue, background.world)

    async def waiting(self) -> list[tuple[UUID, str]]:
        return [(job.id, job.actor) for job in await self.list(ListJobs(), CALL)]


@pytest.fixture
def desk(background: Background) -> Desk:
    return Desk(background)


async def test_parked_job_is_listed_with_its_reason(background: Background, desk: Desk) -> None:
    event_id = await background.receive_callback()

    await desk.park(failed_reaction(event_id), CALL)

    [job] = await desk.list(ListJobs(), CALL)
    assert (job.id, job.actor, job.error, job.attempts) == (MESSAGE, "react", "ZeroDivisionError", 9)
    assert job.arguments["event_id"] == str(event_id)


async def test_event_of_a_parked_reaction_is_not_given_on_again(background: Background, desk: Desk) -> None:
    event_id = await background.receive_callback()

    await desk.park(failed_reaction(event_id), CALL)

    assert await background.house.windows.outbox_tags() == []


async def test_job_that_is_parked_twice_is_kept_once(background: Background, desk: Desk) -> None:
    job = failed_reaction(await background.receive_callback())

    await desk.park(job, CALL)
    await desk.park(job, CALL)

    assert await desk.waiting() == [(MESSAGE, "react")]


@pytest.mark.parametrize(
    ("first", "subject"),
    [(failed("resolve", operation_id=OPERATION), OPERATION), (failed("expire", payment_id=PAYMENT), PAYMENT)],
    ids=["resolve", "expire"],
)
async def test_what_is_found_by_state_is_parked_once_however_often_it_fails(
    desk: Desk, first: ParkJob, subject: UUID
) -> None:
    again = msgspec.structs.replace(first, message_id=UUID(int=MESSAGE.int + 1))

    await desk.park(first, CALL)
    await desk.park(again, CALL)

    assert await desk.waiting() == [(subject, first.actor)]


async def test_requeued_reaction_goes_to_the_queue_and_waits_no_more(background: Background, desk: Desk) -> None:
    event_id = await background.receive_callback()
    await desk.park(failed_reaction(event_id), CALL)

    await desk.requeue(RequeueJob(MESSAGE), CALL)

    assert background.queue.jobs == [("react", TENANT, event_id, "apply_callback")]
    assert await desk.waiting() == []


async def test_requeued_query_and_expiry_go_to_the_queue(background: Background, desk: Desk) -> None:
    await desk.park(failed("resolve", operation_id=OPERATION), CALL)
    await desk.park(failed("expire", payment_id=PAYMENT), CALL)

    await desk.requeue(RequeueJob(OPERATION), CALL)
    await desk.requeue(RequeueJob(PAYMENT), CALL)

    assert background.queue.jobs == [("resolve", TENANT, OPERATION, ""), ("expire", TENANT, PAYMENT, "")]


async def test_job_is_requeued_once(background: Background, desk: Desk) -> None:
    await desk.park(failed_reaction(await background.receive_callback()), CALL)
    await desk.requeue(RequeueJob(MESSAGE), CALL)

    with pytest.raises(MediatorError) as refusal:
        await desk.requeue(RequeueJob(MESSAGE), CALL)

    assert refusal.value.entry is NOT_FOUND
    assert len(background.queue.jobs) == 1


async def test_job_that_the_queue_does_not_take_still_waits(background: Background, desk: Desk) -> None:
    await desk.park(failed_reaction(await background.receive_callback()), CALL)
    background.queue.is_down = True

    with pytest.raises(MediatorError) as refusal:
        await desk.requeue(RequeueJob(MESSAGE), CALL)

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert [actor for _, actor in await desk.waiting()] == ["react"]


async def test_job_of_another_version_is_refused_and_still_waits(desk: Desk) -> None:
    await desk.park(failed("deliver_webhook", endpoint="x"), CALL)

    with pytest.raises(MediatorError) as refusal:
        await desk.requeue(RequeueJob(MESSAGE), CALL)

    assert refusal.value.entry is STATE_CONFLICT
    assert [actor for _, actor in await desk.waiting()] == ["deliver_webhook"]


async def test_list_is_as_long_as_asked_for_oldest_first(desk: Desk) -> None:
    for number in range(3):
        letter = msgspec.structs.replace(failed("other"), message_id=UUID(int=MESSAGE.int + 2 - number))
        await desk.park(letter, CALL)

    found = await desk.list(ListJobs(limit=2), CALL)

    assert [job.id for job in found] == [MESSAGE, UUID(int=MESSAGE.int + 1)]
