"""What is found by its state: open operations to ask about, unsent payments to expire, months to make room for."""

import pytest

from application.callbacks.receive_callback import ReceiveCallbackHandler
from application.callbacks.take_in_files import TakeInFilesHandler
from application.fx.expire_quotes import ExpireQuotesHandler
from application.fx.refresh_rates import RateSources, RefreshRatesHandler
from application.ledger.expire_holds import ExpireHoldsHandler
from application.operations.ask_open_operations import AskOpenOperationsHandler
from application.operations.ensure_partitions import EnsurePartitionsHandler
from application.operations.expire_unsent import ExpireUnsentHandler
from application.operations.forget_keys import ForgetKeysHandler
from application.operations.relay_outbox import RelayOutboxHandler
from application.schedules import SCHEDULES, Chore, Chores
from application.subscriptions import SUBSCRIPTIONS
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from tests.application.operations.background import LEASE_SECONDS, Background
from tests.fakes.bookings import MemoryHoldQueries
from tests.fakes.fx import MemoryQuotes, MemoryRates
from tests.fakes.providers import ProviderSet
from tests.fakes.story import NOT_SENT, TENANT, UNKNOWN, Story
from tests.fakes.tables import MemoryDatabase


@pytest.fixture
def ask(background: Background) -> AskOpenOperationsHandler:
    return AskOpenOperationsHandler(background.house.outbox, background.queue, LEASE_SECONDS)


@pytest.fixture
def expire(background: Background) -> ExpireUnsentHandler:
    return ExpireUnsentHandler(background.house.outbox, background.queue)


async def open_operation(background: Background) -> Story:
    return await background.commit(Story(world=background.world).settle(UNKNOWN))


async def test_open_operation_is_asked_about_when_its_query_is_due(
    background: Background, ask: AskOpenOperationsHandler
) -> None:
    story = await open_operation(background)
    early = await ask()
    background.wait(seconds=60)

    assert (early, await ask()) == (0, 1)
    assert background.queue.jobs == [("resolve", TENANT, story.operation().id, "")]


async def test_operation_is_not_asked_about_twice_at_once(
    background: Background, ask: AskOpenOperationsHandler
) -> None:
    await open_operation(background)
    background.wait(seconds=60)
    await ask()

    assert await ask() == 0


async def test_question_that_was_lost_with_the_broker_is_asked_again(
    background: Background, ask: AskOpenOperationsHandler
) -> None:
    await open_operation(background)
    background.wait(seconds=60)
    await ask()
    background.queue.jobs.clear()
    background.wait(seconds=LEASE_SECONDS + 1)

    assert await ask() == 1
    assert len(background.queue.jobs) == 1


async def test_operation_comes_back_when_the_broker_was_down(
    background: Background, ask: AskOpenOperationsHandler
) -> None:
    await open_operation(background)
    background.wait(seconds=60)
    background.queue.is_down = True
    with pytest.raises(MediatorError) as refusal:
        await ask()
    background.queue.is_down = False
    background.wait(seconds=LEASE_SECONDS + 1)

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert await ask() == 1


async def test_settled_operation_is_not_asked_about(background: Background, ask: AskOpenOperationsHandler) -> None:
    await background.commit(Story(world=background.world).succeed())
    background.wait(days=1)

    assert await ask() == 0


async def test_payment_that_was_never_sent_is_expired_after_a_day(
    background: Background, expire: ExpireUnsentHandler
) -> None:
    story = await background.commit(Story(world=background.world).settle(NOT_SENT))
    background.wait(hours=23)
    early = await expire()
    background.wait(hours=2)

    assert (early, await expire()) == (0, 1)
    assert background.queue.jobs == [("expire", TENANT, story.payment.id, "")]


async def test_payment_that_was_sent_is_never_expired(background: Background, expire: ExpireUnsentHandler) -> None:
    await background.commit(Story(world=background.world).succeed())
    background.wait(days=3)

    assert await expire() == 0


async def test_every_chore_has_a_schedule_and_can_be_done(
    background: Background, ask: AskOpenOperationsHandler, expire: ExpireUnsentHandler
) -> None:
    house = background.house
    relay = RelayOutboxHandler(house.outbox, background.queue, SUBSCRIPTIONS)
    nothing = MemoryDatabase(lambda: background.world.now)
    nobody = ProviderSet(tenants=house.tenants)
    receive = ReceiveCallbackHandler(house.inbox, nobody, background.world)
    chores = Chores(
        relay,
        ask,
        expire,
        ExpireHoldsHandler(MemoryHoldQueries(nothing), house.journal, background.world),
        ExpireQuotesHandler(MemoryQuotes(background.world)),
        RefreshRatesHandler(RateSources(()), MemoryRates(), background.world),
        EnsurePartitionsHandler(house.outbox),
        ForgetKeysHandler(house.outbox),
        TakeInFilesHandler(house.tenants, nobody, receive, background.world),
    )
    await background.receive_callback()

    done = {schedule.chore: await chores(schedule.chore) for schedule in SCHEDULES}

    assert done == dict.fromkeys(Chore, 0) | {Chore.RELAY_OUTBOX: 1}


def test_only_what_changes_by_being_dealt_with_is_drained_without_a_rest() -> None:
    assert {one.chore for one in SCHEDULES if one.drains} == {
        Chore.RELAY_OUTBOX,
        Chore.ASK_OPEN_OPERATIONS,
        Chore.EXPIRE_HOLDS,
        Chore.EXPIRE_QUOTES,
    }
