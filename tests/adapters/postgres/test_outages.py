"""A connection that dies at commit: the verdict is read back, and what cannot be told is said to be unknown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.payments import PostgresPaymentRepository
from application.ports.identity import NewTenant
from application.ports.journal import Committed
from domain.errors import BACKPRESSURE, NOT_FOUND, SERVICE_UNAVAILABLE, MediatorError
from domain.payments import OperationState, PaymentState
from domain.providers import OperationKind
from tests.adapters.postgres.proxy import Cable, cable_to
from tests.fakes.desk import Desk
from tests.fakes.house import House, postgres_house
from tests.fakes.keeping import a_world, keep, story_for

COMMITTED = b'"committed"'
"""What the server says when a unit has become true."""

DEADLINE_SECONDS = 10.0
POOLED = 2


@pytest.fixture
async def cable(application_url: str) -> AsyncIterator[tuple[AsyncEngine, Cable]]:
    """An engine whose connections run over a cable."""
    async with cable_to(application_url) as (url, cable):
        engine = make_engine(url, pool=PoolSize(POOLED, 4), application="tests-over-a-cable")
        yield engine, cable
        await engine.dispose()


@pytest.fixture
def far_house(tenant: NewTenant, cable: tuple[AsyncEngine, Cable], owner_url: str) -> House:
    """The tenant's stores at the end of the cable."""
    return postgres_house(tenant, cable[0], owner_url)


async def backend_that_waits(owner: asyncpg.Connection, application: str) -> int:
    """Wait for a connection of that application to wait for a lock; give its process id."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            pid = await owner.fetchval(
                "select pid from pg_stat_activity where datname = current_database() and application_name = $1 "
                "and wait_event_type = 'Lock'",
                application,
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.01)


async def refusal_of(task: asyncio.Task[object]) -> MediatorError:
    """Wait for a refusal."""
    with pytest.raises(MediatorError) as refusal:
        await task
    return refusal.value


async def test_a_unit_whose_connection_is_killed_before_it_committed_is_not_there_and_can_be_committed_again(
    house: House, owner: asyncpg.Connection
) -> None:
    story = await keep(house, story_for(house))
    unit = story.succeed().units[-1]
    async with owner.transaction():
        await owner.execute("select from fm.ledger_accounts where tenant_id = $1 for update", house.tenant_id)
        commit = asyncio.create_task(house.journal.commit(unit))
        await owner.execute("select pg_terminate_backend($1)", await backend_that_waits(owner, "tests"))
        error = await refusal_of(commit)

    assert error.entry is SERVICE_UNAVAILABLE
    assert error.retry_after_seconds is not None
    assert (await house.payments.get(house.tenant_id, story.payment.id)).payment.state is PaymentState.PROCESSING
    assert await house.journal.commit(unit) == Committed()


async def test_a_unit_whose_verdict_was_lost_is_found_to_be_committed(
    far_house: House, cable: tuple[AsyncEngine, Cable]
) -> None:
    story = await keep(far_house, story_for(far_house))
    cable[1].cut_when_the_server_says(COMMITTED)

    assert await far_house.journal.commit(story.succeed().units[-1]) == Committed()
    assert cable[1].cuts == 1
    assert await far_house.payments.get(far_house.tenant_id, story.payment.id) == story.dossier


async def test_a_unit_that_nobody_can_tell_of_is_unknown_and_stands_when_the_database_is_back(
    far_house: House, house: House, cable: tuple[AsyncEngine, Cable]
) -> None:
    story = await keep(far_house, story_for(far_house))
    cable[1].cut_when_the_server_says(COMMITTED, then_dead=True)

    with pytest.raises(MediatorError) as refusal:
        await far_house.journal.commit(story.succeed().units[-1])

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert await house.payments.get(house.tenant_id, story.payment.id) == story.dossier


@pytest.mark.parametrize("skip", [0, 1], ids=["intention", "outcome"])
async def test_a_caller_hears_nothing_of_a_verdict_that_was_lost(
    far_house: House, cable: tuple[AsyncEngine, Cable], skip: int
) -> None:
    desk = Desk(far_house, a_world(datetime.now(UTC)))
    cable[1].cut_when_the_server_says(COMMITTED, skip=skip)

    answer = await desk.create("key")

    assert (answer.status, cable[1].cuts) == (201, 1)
    assert (await desk.create("key")).body == answer.body
    assert len(desk.provider.performed) == 1
    assert (await desk.dossier()).operations[-1].state is OperationState.SUCCEEDED


async def test_the_provider_is_not_called_when_the_intention_may_not_be_there(
    far_house: House, house: House, cable: tuple[AsyncEngine, Cable]
) -> None:
    desk = Desk(far_house, a_world(datetime.now(UTC)))
    cable[1].cut_when_the_server_says(COMMITTED, then_dead=True)

    with pytest.raises(MediatorError) as refusal:
        await desk.create("key")

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert desk.provider.performed == []
    near = Desk(house, desk.world, desk.provider)
    assert (await near.dossier()).operations[-1].state is OperationState.SENDING


async def test_an_outcome_that_was_lost_with_the_database_is_asked_for_afterwards(
    far_house: House, house: House, cable: tuple[AsyncEngine, Cable]
) -> None:
    desk = Desk(far_house, a_world(datetime.now(UTC)))

    async def die(_: object) -> None:
        cable[1].cut_when_the_server_says(COMMITTED, then_dead=True)

    desk.provider.before_perform = die
    with pytest.raises(MediatorError):
        await desk.create("key")
    near = Desk(house, desk.world, desk.provider)
    await near.settle_everything()

    assert (await near.dossier()).payment.state is PaymentState.SUCCEEDED
    assert near.provider.effects(OperationKind.AUTHORIZE) == 1


async def test_readers_say_that_the_database_is_away(far_house: House, cable: tuple[AsyncEngine, Cable]) -> None:
    story = await keep(far_house, story_for(far_house))
    await cable[0].dispose()
    cable[1].is_dead = True

    for asked in (
        far_house.payments.get(far_house.tenant_id, story.payment.id),
        far_house.queries.events(far_house.tenant_id, story.payment.id),
        far_house.tenants.provider_accounts(far_house.tenant_id),
        far_house.outbox.claim_events(far_house.tenant_id, limit=1, lease_seconds=1),
        far_house.api_keys.find("key_1"),
    ):
        with pytest.raises(MediatorError) as refusal:
            await asked
        assert refusal.value.entry is SERVICE_UNAVAILABLE


async def test_a_broken_connection_is_replaced_for_the_next_caller(
    far_house: House, cable: tuple[AsyncEngine, Cable], owner: asyncpg.Connection
) -> None:
    story = await keep(far_house, story_for(far_house))
    await owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and application_name = 'tests-over-a-cable'"
    )
    repository = PostgresPaymentRepository(cable[0])

    ends: list[object] = []
    for _ in range(POOLED + 1):
        with suppress(MediatorError):
            ends.append(await repository.get(far_house.tenant_id, story.payment.id))

    assert ends
    assert ends[-1] == story.dossier


async def test_a_pool_without_a_free_connection_sheds_load(application_url: str, tenant: NewTenant) -> None:
    engine = make_engine(application_url, pool=PoolSize(1, 0), application="tests-small-pool")
    unit = story_for(postgres_house(tenant, engine, application_url)).units[0]
    async with engine.connect():
        with pytest.raises(MediatorError) as refusal:
            await PostgresJournal(engine).commit(unit)
    await engine.dispose()

    assert refusal.value.entry is BACKPRESSURE


async def test_a_statement_that_is_cancelled_leaves_nothing(house: House, owner: asyncpg.Connection) -> None:
    await keep(house, story_for(house))
    story = story_for(house)
    async with owner.transaction():
        await owner.execute("select from fm.ledger_accounts where tenant_id = $1 for update", house.tenant_id)
        commit = asyncio.create_task(house.journal.commit(story.units[0]))
        await owner.execute("select pg_cancel_backend($1)", await backend_that_waits(owner, "tests"))
        error = await refusal_of(commit)

    assert error.entry is SERVICE_UNAVAILABLE
    with pytest.raises(MediatorError) as absence:
        await house.payments.get(house.tenant_id, story.payment.id)
    assert absence.value.entry is NOT_FOUND
