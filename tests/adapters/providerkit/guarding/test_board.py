"""What a process knows of health: shared when it can be, its own when not, and a person's word above all."""

import asyncio
from uuid import UUID

from adapters.providerkit.guarding.watching import Refusal
from adapters.providerkit.messages import HttpResponse
from application.ports.provider_health import BreakerSetting, CircuitState, StoredBreaker
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import OperationClass
from domain.providers import NotSent
from tests.adapters.providerkit.guarding.street import (
    ACCOUNT,
    ASKING,
    FINISHING,
    MONEY,
    OK,
    OTHER_ACCOUNT,
    TENANT,
    Hand,
    Network,
    Process,
    Redis,
    retry_after,
)
from tests.adapters.providerkit.guarding.virtual import run

ACCOUNTS = (ACCOUNT,)
SECOND = 1.0


def test_an_account_has_one_guard_however_often_it_is_opened() -> None:
    process = Process()

    first, again = process.guard((MONEY, 1.0, 1)), process.guard((MONEY, 2.0, 1))

    assert first is again
    assert again.rates[MONEY].per_second == 2.0


def test_every_process_sees_an_open_circuit_within_a_second() -> None:
    async def story() -> None:
        redis = Redis()
        one, two = Process(redis=redis), Process(redis=redis)
        await two.board.refresh(TENANT, ACCOUNTS)
        await one.trip(MONEY)

        await asyncio.sleep(SECOND)
        await two.board.refresh(TENANT, ACCOUNTS)

        assert (one.board.is_healthy(ACCOUNT), two.board.is_healthy(ACCOUNT)) == (False, False)
        assert isinstance(await two.ask(Network(), MONEY), NotSent)

    run(story())


def test_what_was_learned_just_now_is_not_asked_for_again() -> None:
    async def story() -> None:
        process = Process(redis=Redis())
        for _ in range(100):
            await process.ask(Network(), MONEY)
        assert process.hand.readings == 1

        await asyncio.sleep(SECOND)
        await asyncio.gather(*(process.ask(Network(), MONEY) for _ in range(100)))
        assert process.hand.readings == 2

    run(story())


def test_half_open_is_healthy_again_until_somebody_finds_out() -> None:
    async def story() -> None:
        process = Process()
        await process.trip(MONEY)
        seen = [process.board.is_healthy(ACCOUNT)]
        await asyncio.sleep(5)
        seen.append(process.board.is_healthy(ACCOUNT))

        async def look(path: str) -> HttpResponse:
            seen.append(process.board.is_healthy(ACCOUNT))
            return OK

        await process.ask(Network(look), MONEY)

        # Open, half open, while it is probed, closed.
        assert seen == [False, True, False, True]

    run(story())


def test_an_account_that_wants_a_pause_is_not_healthy_for_so_long() -> None:
    async def story() -> None:
        process = Process()
        await process.ask(Network(retry_after(30)), FINISHING)
        assert process.board.is_healthy(ACCOUNT)
        await process.ask(Network(retry_after(30)), MONEY)
        assert not process.board.is_healthy(ACCOUNT)
        await asyncio.sleep(30)
        assert process.board.is_healthy(ACCOUNT)

    run(story())


def test_opened_by_hand_no_new_money_goes_and_everything_else_does() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.ask(network, MONEY)
        process.hand.settings[ACCOUNT] = BreakerSetting.OPEN
        await asyncio.sleep(SECOND)

        refused = await process.ask(network, MONEY)
        others = [await process.ask(network, each) for each in (FINISHING, ASKING)]

        assert isinstance(refused, NotSent)
        assert others == [OK, OK]
        assert process.notes.refusals == [(MONEY, Refusal.BY_HAND)]
        assert not process.board.is_healthy(ACCOUNT)

    run(story())


def test_closed_by_hand_nothing_is_refused_whatever_fails_but_pauses_are_kept_to() -> None:
    async def story() -> None:
        process, network = Process(), Network(HttpResponse(status=500))
        await process.trip(MONEY)
        process.hand.settings[ACCOUNT] = BreakerSetting.CLOSED
        await asyncio.sleep(SECOND)
        for _ in range(20):
            await process.ask(network, MONEY)
        healthy = process.board.is_healthy(ACCOUNT)
        await process.ask(Network(retry_after(60)), MONEY)

        assert len(network.sent) == 20
        assert healthy
        assert isinstance(await process.ask(network, MONEY), NotSent)

    run(story())


def test_given_back_the_service_decides_again() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        process.hand.settings[ACCOUNT] = BreakerSetting.OPEN
        refused = await process.ask(network, MONEY)
        process.hand.settings.clear()
        await asyncio.sleep(SECOND)

        assert isinstance(refused, NotSent)
        assert await process.ask(network, MONEY) == OK

    run(story())


def test_what_was_set_by_hand_outlives_redis_and_holds_while_the_database_is_away() -> None:
    async def story() -> None:
        redis, hand = Redis(), Hand()
        hand.settings[ACCOUNT] = BreakerSetting.OPEN
        process, network = Process(redis=redis, hand=hand), Network()
        await process.ask(network, MONEY)
        redis.forget()
        redis.is_away = hand.is_away = True
        await asyncio.sleep(10)

        assert isinstance(await process.ask(network, MONEY), NotSent)
        assert isinstance(await Process(redis=redis, hand=hand).ask(network, FINISHING), HttpResponse)
        assert network.paths == ["/capture"]

    run(story())


def test_without_redis_each_process_keeps_to_its_share_and_to_its_own_circuit() -> None:
    async def story() -> None:
        redis, network = Redis(), Network()
        one, two = Process(redis=redis), Process(redis=redis)
        redis.is_away = True
        for process in (one, two):
            process.guard((MONEY, 2.0, 2))
        await asyncio.gather(*(process.ask(network, MONEY) for process in (one, two) for _ in range(3)))
        await one.trip(FINISHING)

        assert sorted(at - 1000.0 for at, _, _ in network.sent) == [0, 0, 1, 1, 2, 2]
        assert isinstance(await one.ask(network, FINISHING), NotSent)
        assert await two.ask(network, FINISHING) == OK

    run(story())


def test_a_circuit_that_is_open_when_redis_dies_stays_open() -> None:
    async def story() -> None:
        redis, network = Redis(), Network()
        one, two = Process(redis=redis), Process(redis=redis)
        await one.trip(MONEY)
        await two.board.refresh(TENANT, ACCOUNTS)
        redis.is_away = True

        assert isinstance(await two.ask(network, MONEY), NotSent)
        await asyncio.sleep(5)
        assert await two.ask(network, MONEY) == OK
        assert network.paths == ["/me", "/charge"]

    run(story())


def test_a_redis_that_comes_back_is_told_what_was_learned_without_it() -> None:
    async def story() -> None:
        redis = Redis()
        one, two = Process(redis=redis), Process(redis=redis)
        for process in (one, two):
            await process.ask(Network(), MONEY)
        redis.is_away = True
        await one.trip(MONEY)
        await one.ask(Network(retry_after(60)), FINISHING)
        redis.is_away = False
        await asyncio.sleep(SECOND)
        await one.board.refresh(TENANT, ACCOUNTS)
        await two.board.refresh(TENANT, ACCOUNTS)

        assert not two.board.is_healthy(ACCOUNT)
        assert isinstance(await two.ask(Network(), FINISHING), NotSent)

    run(story())


def test_a_redis_that_forgot_everything_is_told_again_by_who_remembers() -> None:
    async def story() -> None:
        redis = Redis()
        one, two = Process(redis=redis), Process(redis=redis)
        await one.trip(MONEY)
        redis.forget()
        await asyncio.sleep(SECOND)
        await one.board.refresh(TENANT, ACCOUNTS)
        await two.board.refresh(TENANT, ACCOUNTS)

        assert (one.board.is_healthy(ACCOUNT), two.board.is_healthy(ACCOUNT)) == (False, False)

    run(story())


def test_health_shows_each_circuit_and_what_this_process_saw() -> None:
    async def story() -> None:
        process = Process(redis=Redis())
        await process.trip(MONEY)
        await process.ask(Network(retry_after(7)), FINISHING)
        health = await process.board.of(TENANT, StoredBreaker(provider_account_id=ACCOUNT, provider="plain"))
        circuits = {one.operation_class: one for one in health.circuits}

        assert not health.is_healthy
        assert set(circuits) == set(OperationClass)
        assert (circuits[MONEY].state, circuits[MONEY].tries_again_in_seconds) == (CircuitState.OPEN, 5)
        assert (circuits[FINISHING].state, circuits[FINISHING].paused_seconds) == (CircuitState.CLOSED, 7)
        assert (circuits[FINISHING].calls, circuits[FINISHING].failures) == (1, 0)
        assert (health.under_way, health.waiting) == (0, 0)

    run(story())


def test_a_fault_in_reading_what_was_set_by_hand_stops_no_payment() -> None:
    class Faulty(Hand):
        async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
            raise ZeroDivisionError

    async def story() -> None:
        assert await Process(hand=Faulty()).ask(Network(), MONEY) == OK

    run(story())


def test_what_was_just_set_is_heeded_at_once_by_the_process_that_set_it() -> None:
    async def story() -> None:
        process = Process()
        await process.ask(Network(), MONEY)
        stored = StoredBreaker(provider_account_id=ACCOUNT, provider="plain", setting=BreakerSetting.OPEN)

        health = await process.board.of(TENANT, stored)

        assert not health.is_healthy
        assert isinstance(await process.ask(Network(), MONEY), NotSent)
        await asyncio.sleep(SECOND)  # It was never written, so it is forgotten when the truth is read.
        assert await process.ask(Network(), MONEY) == OK

    run(story())


def test_settings_of_one_tenant_leave_those_of_another_alone() -> None:
    stranger = TenantId(UUID(int=9))

    class Two(Hand):
        async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
            return {ACCOUNT if tenant_id == TENANT else OTHER_ACCOUNT: BreakerSetting.OPEN}

    async def story() -> None:
        board = Process(hand=Two()).board
        await board.refresh(TENANT, ACCOUNTS)
        await board.refresh(stranger, (OTHER_ACCOUNT,))

        assert (board.is_healthy(ACCOUNT), board.is_healthy(OTHER_ACCOUNT)) == (False, False)

    run(story())
