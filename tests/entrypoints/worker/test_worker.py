"""The worker's actors on the real stores: what happens to jobs that fail, and to jobs that get lost."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker
from uuid_utils.compat import uuid7

from application.operations.ask_open_operations import AskOpenOperationsHandler
from application.operations.relay_outbox import RelayOutbox, RelayOutboxHandler
from application.operations.requeue_job import RequeueJob, RequeueJobHandler
from application.ports.outbox import Outbox
from application.ports.queue import JobQueue
from application.subscriptions import SUBSCRIPTIONS
from domain.ids import OperationId, PaymentId
from domain.payments import PaymentState
from entrypoints.settings import Settings
from entrypoints.worker.main import make_worker_broker
from tests.entrypoints.worker.scenery import Scenery, eventually
from tests.fakes.story import NOT_SENT, Story, an_order

LEASE_SECONDS = 0.2
OTHER_SECRET = {"secret_key": "a secret under which nothing here was sealed"}

Begin = Callable[[Settings], Worker]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start a worker in this process; one at a time."""
    running: list[Worker] = []

    def start(settings: Settings) -> Worker:
        stop_all()
        worker = Worker(make_worker_broker(settings), worker_timeout=20, worker_threads=2)
        worker.start()
        running.append(worker)
        return worker

    def stop_all() -> None:
        while running:
            running.pop().stop(timeout=5_000)

    yield start
    stop_all()


@pytest.fixture
async def relay(scenery: Scenery) -> RelayOutboxHandler:
    """The relay with a lease that a test can wait for."""
    outbox, queue = await scenery.container.get(Outbox), await scenery.container.get(JobQueue)
    return RelayOutboxHandler(outbox, queue, SUBSCRIPTIONS, LEASE_SECONDS)


async def forget_jobs(scenery: Scenery) -> None:
    """Lose everything that the broker has."""
    broker = await scenery.container.get(RedisBroker)
    await asyncio.to_thread(broker.client.flushdb)


async def test_poison_is_parked_in_the_database_while_others_flow(
    scenery: Scenery, settings: Settings, relay: RelayOutboxHandler, begin: Begin
) -> None:
    story = await scenery.doubtful_payment()
    poison = await scenery.receive_callback(story.operation().key, account=scenery.lost_account)
    for _ in range(3):
        await scenery.receive_callback(None)
    begin(settings)

    await relay(RelayOutbox())
    await eventually(scenery.parked)

    [job] = await scenery.parked()
    assert (job.actor, job.arguments["event_id"]) == ("react", str(poison))
    assert job.error.startswith("MediatorError: ROUTE_NO_PROVIDER")
    await eventually(scenery.all_applied)
    assert await relay(RelayOutbox()) == 0


async def test_parked_job_is_done_when_it_is_requeued_after_its_cause_was_mended(
    scenery: Scenery, settings: Settings, relay: RelayOutboxHandler, begin: Begin
) -> None:
    story = await scenery.doubtful_payment()
    await scenery.receive_callback(story.operation().key)
    begin(msgspec.structs.replace(settings, **OTHER_SECRET))
    await relay(RelayOutbox())
    await eventually(scenery.parked)
    begin(settings)
    [job] = await scenery.parked()

    await (await scenery.container.get(RequeueJobHandler))(RequeueJob(job.id), scenery.call)

    await eventually(lambda: scenery.is_settled(story))
    assert await scenery.parked() == ()


async def test_reactions_that_the_broker_lost_are_given_again(
    scenery: Scenery, settings: Settings, relay: RelayOutboxHandler, begin: Begin
) -> None:
    stories = [await scenery.doubtful_payment() for _ in range(3)]
    for story in stories:
        await scenery.receive_callback(story.operation().key)
    await relay(RelayOutbox())
    await forget_jobs(scenery)
    begin(settings)

    async def all_settled_by_the_relay() -> bool:
        await relay(RelayOutbox())
        return all([await scenery.is_settled(story) for story in stories])

    await eventually(all_settled_by_the_relay)
    await eventually(scenery.all_applied)


async def test_questions_that_the_broker_lost_are_asked_again(
    scenery: Scenery, settings: Settings, begin: Begin
) -> None:
    story = await scenery.doubtful_payment(age=timedelta(minutes=1))
    outbox, queue = await scenery.container.get(Outbox), await scenery.container.get(JobQueue)
    ask = AskOpenOperationsHandler(outbox, queue, LEASE_SECONDS)
    assert await ask() == 1
    await forget_jobs(scenery)
    begin(settings)

    async def settled_by_asking() -> bool:
        await ask()
        return await scenery.is_settled(story)

    await eventually(settled_by_asking)


async def test_what_moved_on_meanwhile_is_done_without_a_dead_letter(
    scenery: Scenery, settings: Settings, begin: Begin
) -> None:
    fresh = Story(an_order(tenant_id=scenery.tenant.tenant_id, account=scenery.account), world=scenery.world)
    queue, broker = await scenery.container.get(JobQueue), await scenery.container.get(RedisBroker)
    await scenery.keep(fresh.settle(NOT_SENT))

    await queue.expire(scenery.tenant.tenant_id, fresh.payment.id)
    await queue.expire(scenery.tenant.tenant_id, PaymentId(uuid7()))
    await queue.resolve(scenery.tenant.tenant_id, OperationId(uuid7()))
    begin(settings)

    await asyncio.to_thread(broker.join, "operations", timeout=5_000)
    assert await scenery.state(fresh.payment.id) is PaymentState.CREATED
    assert await scenery.parked() == ()
