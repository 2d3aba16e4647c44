"""The guard of one account, in virtual time: what it refuses was never sent, what it sends has time for an answer."""

import asyncio

import pytest

from adapters.providerkit.guard import Answer, Errand
from adapters.providerkit.guarding.account import GuardRules
from adapters.providerkit.guarding.concurrency import ConcurrencyRule
from adapters.providerkit.guarding.signs import Sign
from adapters.providerkit.guarding.watching import Refusal
from adapters.providerkit.messages import HttpRequest, HttpResponse
from application.ports.provider_health import CircuitState
from domain.manifests import OperationClass
from domain.providers import NotSent, Unknown
from tests.adapters.providerkit.guarding.street import (
    ACCOUNT,
    ASKING,
    FINISHING,
    MONEY,
    OK,
    TENANT,
    Network,
    Process,
    Redis,
    retry_after,
)
from tests.adapters.providerkit.guarding.virtual import clock, run

FAILURES = (HttpResponse(status=500), HttpResponse(status=503), Unknown("reset"), NotSent("connection refused"))
DECLINE = HttpResponse(status=402)

few = GuardRules(concurrency=ConcurrencyRule(first=4, least=2, most=8), waiting_max=3)


def test_what_nothing_forbids_is_sent_at_once_and_answered() -> None:
    async def story() -> None:
        process, network = Process(), Network()

        assert await process.ask(network, MONEY) == OK
        assert network.sent == [(1000.0, "/charge", 10.0)]
        assert process.notes.signs == [(MONEY, Sign.ANSWERED)]

    run(story())


def test_a_rate_is_kept_to_by_waiting_and_then_by_refusing() -> None:
    async def story() -> None:
        process, network = Process(redis=Redis()), Network()
        process.guard((MONEY, 1.0, 2))

        answers = await asyncio.gather(*(process.ask(network, MONEY) for _ in range(9)))

        assert [at - 1000.0 for at, _, _ in network.sent] == [0, 0, 1, 2, 3, 4, 5]
        assert [left for _, _, left in network.sent] == [10, 10, 9, 8, 7, 6, 5]
        assert [isinstance(one, NotSent) for one in answers] == [False] * 7 + [True] * 2
        assert process.notes.refusals == [(MONEY, Refusal.RATE)] * 2

    run(story())


def test_a_rate_is_one_for_all_processes_and_each_class_has_its_own() -> None:
    async def story() -> None:
        redis, network = Redis(), Network()
        one, two = Process(redis=redis), Process(redis=redis)
        for process in (one, two):
            process.guard((MONEY, 1.0, 1), (FINISHING, 1.0, 1))

        await asyncio.gather(*(process.ask(network, MONEY) for process in (one, two, one, two)))
        await one.ask(network, FINISHING)

        assert [(at - 1000.0, path) for at, path, _ in network.sent] == [
            *((0, "/charge"), (1, "/charge"), (2, "/charge"), (3, "/charge")),
            (3, "/capture"),
        ]

    run(story())


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_provider_asked_for_is_kept_to_by_every_process(status: int) -> None:
    async def story() -> None:
        redis = Redis()
        one, two = Process(redis=redis), Process(redis=redis)
        asked, network = Network(retry_after(60, status)), Network()

        await one.ask(asked, MONEY)
        refused = [await process.ask(network, MONEY) for process in (one, two)]
        others = await two.ask(network, FINISHING)
        await asyncio.sleep(56)
        waited = await two.ask(network, MONEY)

        assert all(isinstance(answer, NotSent) for answer in refused)
        assert (others, waited) == (OK, OK)
        assert [(at - 1000.0, path) for at, path, _ in network.sent] == [(0, "/capture"), (60, "/charge")]

    run(story())


def test_waiting_ends_early_enough_for_an_answer() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.ask(Network(retry_after(4)), MONEY)

        too_short = await process.ask(network, MONEY, deadline=7.9)
        long_enough = await process.ask(network, MONEY, deadline=8.1)

        assert isinstance(too_short, NotSent)
        assert long_enough == OK
        assert [(at, round(left, 6)) for at, _, left in network.sent] == [(1004.0, 4.1)]

    run(story())


@pytest.mark.parametrize("failure", FAILURES)
def test_technical_failures_open_the_circuit_and_nothing_is_sent_then(failure: Answer) -> None:
    async def story() -> None:
        process, broken, network = Process(), Network(failure), Network()
        for _ in range(5):
            assert await process.ask(broken, MONEY) == failure

        refused = await process.ask(network, MONEY)

        assert isinstance(refused, NotSent)
        assert refused.reason.startswith("circuit open for money requests")
        assert network.sent == []
        assert process.notes.moves == [(MONEY, CircuitState.OPEN)]

    run(story())


@pytest.mark.parametrize("answer", [DECLINE, HttpResponse(status=429), HttpResponse(status=404)])
def test_declines_and_every_other_well_formed_answer_never_open_it(answer: HttpResponse) -> None:
    async def story() -> None:
        process, network = Process(), Network(answer)
        for _ in range(50):
            await process.ask(network, MONEY)
            await asyncio.sleep(1)

        assert len(network.sent) == 50
        assert process.notes.moves == []

    run(story())


def test_an_open_money_circuit_stops_neither_finishing_nor_questions() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.trip(MONEY)

        assert await process.ask(network, FINISHING) == OK
        assert await process.ask(network, ASKING) == OK
        assert isinstance(await process.ask(network, MONEY), NotSent)

    run(story())


def test_half_open_asks_something_harmless_before_the_money_goes() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.trip(MONEY)
        await asyncio.sleep(5)

        assert await process.ask(network, MONEY) == OK
        assert network.paths == ["/me", "/charge"]
        assert process.notes.moves == [(MONEY, CircuitState.OPEN), (MONEY, CircuitState.CLOSED)]

    run(story())


@pytest.mark.parametrize("each", [MONEY, FINISHING])
@pytest.mark.parametrize("failure", FAILURES)
def test_no_customers_money_is_ever_a_probe(each: OperationClass, failure: Answer) -> None:
    async def story() -> None:
        process, network = Process(), Network(failure)
        await process.trip(each)
        for _ in range(200):
            await process.ask(network, each)
            await asyncio.sleep(1)

        assert set(network.paths) == {"/me"}
        # Twice as long each time: after 5, 10, 20, 40 and 80 s, and then after 120.
        assert [at - network.sent[0][0] for at, _, _ in network.sent] == [0, 10, 30, 70, 150]

    run(story())


def test_a_provider_without_a_harmless_question_is_knocked_at() -> None:
    async def story() -> None:
        process, network = Process(), Network(HttpResponse(status=404))
        await process.trip(MONEY)
        await asyncio.sleep(5)

        await process.ask(network, MONEY, harmless=None)

        assert network.paths == ["/", "/charge"]

    run(story())


def test_half_open_lets_exactly_one_probe_through_over_all_processes() -> None:
    async def story() -> None:
        redis = Redis()
        processes = [Process(redis=redis) for _ in range(4)]
        await processes[0].trip(MONEY)
        await asyncio.sleep(5)

        async def slowly(path: str) -> Answer:
            await asyncio.sleep(1)
            return OK

        network = Network(slowly)
        await asyncio.gather(*(one.board.refresh(TENANT, (ACCOUNT,)) for one in processes))
        answers = await asyncio.gather(*(one.ask(network, MONEY) for one in processes for _ in range(5)))

        assert network.paths == ["/me", "/charge"]
        assert sum(isinstance(one, NotSent) for one in answers) == 19

    run(story())


def test_a_question_that_was_due_anyway_finds_out_for_the_others() -> None:
    async def story() -> None:
        redis, network = Redis(), Network()
        api, worker = Process(redis=redis), Process(redis=redis)
        await api.trip(MONEY)
        await api.trip(FINISHING)
        await asyncio.sleep(5)

        await worker.ask(network, ASKING)
        await asyncio.sleep(1)
        await api.ask(network, MONEY)
        await api.ask(network, FINISHING)

        assert network.paths == ["/status", "/charge", "/capture"]
        assert worker.notes.moves == [(FINISHING, CircuitState.CLOSED), (MONEY, CircuitState.CLOSED)]

    run(story())


def test_an_open_circuit_of_questions_is_probed_by_the_next_question() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.trip(ASKING)
        refused = await process.ask(network, ASKING)
        await asyncio.sleep(5)

        assert isinstance(refused, NotSent)
        assert await process.ask(network, ASKING) == OK
        assert await process.ask(network, ASKING) == OK
        assert network.paths == ["/status", "/status"]

    run(story())


def test_a_persons_question_goes_through_an_open_circuit_and_finds_out_about_all_of_them() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.trip(ASKING)
        await process.trip(MONEY)

        assert isinstance(await process.ask(network, ASKING), NotSent)
        assert await process.ask(network, ASKING, insists=True) == OK
        assert await process.ask(network, MONEY) == OK
        assert network.paths == ["/status", "/charge"]

    run(story())


def test_a_persons_question_that_fails_leaves_the_circuit_open_for_longer() -> None:
    async def story() -> None:
        process = Process()
        await process.trip(ASKING)
        broken = Network(HttpResponse(status=500))
        await process.ask(broken, ASKING, insists=True)
        await asyncio.sleep(6)

        assert isinstance(await process.ask(Network(), ASKING), NotSent)
        assert broken.paths == ["/status"]

    run(story())


def test_money_never_insists() -> None:
    async def story() -> None:
        process, network = Process(), Network()
        await process.trip(MONEY)

        assert isinstance(await process.ask(network, MONEY, insists=True), NotSent)
        assert network.paths == []

    run(story())


def test_after_a_calm_time_the_back_off_begins_anew() -> None:
    async def story() -> None:
        process = Process()
        opened = []
        for calm in (0, 10, 400):
            await asyncio.sleep(calm)
            await process.trip(MONEY)
            opened.append(process.board._records.known(process.guard()._place(MONEY)).opens_in / 1e6)
            await asyncio.sleep(opened[-1])
            await process.ask(Network(), MONEY)

        assert opened == [5, 10, 5]

    run(story())


def test_no_more_are_under_way_than_the_limit_and_the_queue_is_bounded() -> None:
    async def story() -> None:
        process = Process(rules=few)

        async def slowly(path: str) -> Answer:
            await asyncio.sleep(1)
            return OK

        network = Network(slowly)
        answers = await asyncio.gather(*(process.ask(network, MONEY) for _ in range(10)))

        assert process.notes.most_under_way == 3
        assert [at - 1000.0 for at, _, _ in network.sent] == [0, 0, 0, 1, 1, 1]
        assert sum(isinstance(one, NotSent) for one in answers) == 4
        assert process.notes.refusals == [(MONEY, Refusal.QUEUE)] * 4

    run(story())


def test_what_finishes_goes_before_new_money_and_that_before_questions() -> None:
    async def story() -> None:
        process = Process(rules=GuardRules(concurrency=ConcurrencyRule(first=1, least=1, most=1)))

        async def slowly(path: str) -> Answer:
            await asyncio.sleep(0.1)
            return OK

        network = Network(slowly)
        classes = (MONEY, ASKING, MONEY, FINISHING, ASKING, FINISHING)
        await asyncio.gather(*(process.ask(network, each) for each in classes))

        assert network.paths == ["/charge", "/capture", "/capture", "/charge", "/status", "/status"]

    run(story())


def test_who_waited_too_long_for_a_slot_sends_nothing() -> None:
    async def story() -> None:
        process = Process(rules=few)

        async def hang(path: str) -> Answer:
            await asyncio.sleep(10)
            return Unknown("no whole answer")

        network = Network(hang)
        await asyncio.gather(*(process.ask(network, MONEY) for _ in range(5)))

        assert [at - 1000.0 for at, _, _ in network.sent] == [0, 0, 0]
        assert process.notes.refusals == [(MONEY, Refusal.QUEUE)] * 2
        assert (process.guard().crowd.under_way, process.guard().crowd.waiting) == (0, 0)

    run(story())


def test_who_is_cancelled_leaves_no_slot_taken() -> None:
    async def story() -> None:
        process = Process(rules=few)

        async def hang(path: str) -> Answer:
            await asyncio.sleep(100)
            return OK

        tasks = [asyncio.create_task(process.ask(Network(hang), MONEY)) for _ in range(6)]
        await asyncio.sleep(1)
        crowd = process.guard().crowd
        assert (crowd.under_way, crowd.waiting) == (3, 3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert (crowd.under_way, crowd.waiting) == (0, 0)
        assert await process.ask(Network(), MONEY) == OK

    run(story())


def test_overload_halves_what_may_be_under_way_and_success_wins_it_back() -> None:
    async def story() -> None:
        process = Process(rules=GuardRules(concurrency=ConcurrencyRule(first=8, least=2, most=8)))
        crowd = process.guard().crowd
        await process.ask(Network(HttpResponse(status=429, headers={"retry-after": "0"})), MONEY)
        assert crowd.limit == 4

        async def slowly(path: str) -> Answer:
            await asyncio.sleep(0.1)
            return OK

        network = Network(slowly)
        for _ in range(60):
            await asyncio.gather(*(process.ask(network, FINISHING) for _ in range(4)))
        assert crowd.limit > 4

    run(story())


def test_a_request_that_is_not_fit_to_be_sent_says_nothing_about_the_provider() -> None:
    async def story() -> None:
        process, network = Process(), Network(NotSent("not built"))
        for _ in range(9):
            errand = Errand(MONEY, HttpRequest(method="PO ST", url="https://provider.test/charge"))
            await process.guard().exchange(errand, network, deadline_seconds=1)

        assert process.notes.signs == []
        assert process.notes.moves == []

    run(story())


def test_a_probe_that_hangs_keeps_its_customer_waiting_for_two_seconds_at_most() -> None:
    async def story() -> None:
        process = Process()

        async def hang(path: str) -> Answer:
            await asyncio.sleep(network.sent[-1][2])
            return Unknown("no whole answer")

        network = Network(hang)
        await process.trip(MONEY)
        await asyncio.sleep(5)
        began = clock()

        refused = await process.ask(network, MONEY)

        assert isinstance(refused, NotSent)
        assert clock() - began == 2.0

    run(story())


def test_a_pause_that_is_learned_while_waiting_for_a_slot_is_kept_to() -> None:
    async def story() -> None:
        process = Process(rules=few)
        answers = [retry_after(3), OK, OK]

        async def slowly(path: str) -> Answer:
            answer = answers.pop(0)
            await asyncio.sleep(1 if answer is not OK else 2)
            return answer

        network = Network(slowly)
        outcomes = await asyncio.gather(*(process.ask(network, MONEY) for _ in range(4)))

        assert [at - 1000.0 for at, _, _ in network.sent] == [0, 0, 0]
        assert isinstance(outcomes[3], NotSent)
        assert process.notes.refusals == [(MONEY, Refusal.PAUSE)]
        assert process.guard().crowd.under_way == 0

    run(story())


def test_who_is_cancelled_in_the_moment_of_getting_a_slot_gives_it_to_the_next() -> None:
    async def story() -> None:
        crowd = Process(rules=GuardRules(concurrency=ConcurrencyRule(first=1, least=1, most=1))).guard().crowd
        await crowd.enter(MONEY, wait_seconds=1)
        waiting = [asyncio.create_task(crowd.enter(MONEY, wait_seconds=1)) for _ in range(2)]
        await asyncio.sleep(0.1)

        crowd.leave()
        waiting[0].cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)

        assert isinstance(ended[0], asyncio.CancelledError)
        assert ended[1] is True
        assert crowd.under_way == 1

    run(story())
