"""What guards show in metrics: everything that is sent, held back and refused, and the worst circuit of a provider."""

import asyncio
from collections.abc import Iterator

import pytest

from adapters.providerkit.guard import Answer
from adapters.providerkit.guarding.account import GuardRules
from adapters.providerkit.guarding.concurrency import ConcurrencyRule
from adapters.providerkit.guarding.metered import REASONS, MeteredGuards
from adapters.providerkit.guarding.signs import Sign
from adapters.providerkit.guarding.watching import GuardedAccount, Refusal
from adapters.telemetry.exposition import merged
from adapters.telemetry.families import write_to
from adapters.telemetry.shared_cells import SharedCells
from application.ports.provider_health import BreakerSetting, CircuitState
from tests.adapters.providerkit.guarding.street import (
    ACCOUNT,
    ASKING,
    FINISHING,
    MONEY,
    OTHER_ACCOUNT,
    TENANT,
    Network,
    Process,
    Redis,
    retry_after,
)
from tests.adapters.providerkit.guarding.virtual import run

ONE = GuardedAccount(tenant_id=TENANT, id=ACCOUNT, provider="plain")
OTHER = GuardedAccount(tenant_id=TENANT, id=OTHER_ACCOUNT, provider="plain")


@pytest.fixture
def cells() -> Iterator[SharedCells]:
    """Have this process count."""
    made = SharedCells(1)
    write_to(made.claim())
    yield made
    write_to(None)
    made.close()


def seen(cells: SharedCells, name: str) -> dict[tuple[str, ...], float]:
    return {labels: numbers[-1] for labels, numbers in merged(cells).get(f"mediator_provider_{name}", {}).items()}


def test_every_exchange_and_every_refusal_is_counted_by_its_reason(cells: SharedCells) -> None:
    async def story() -> None:
        rules = GuardRules(concurrency=ConcurrencyRule(first=1, least=1, most=1), waiting_max=0)
        process = Process(rules=rules, observer=MeteredGuards())
        process.guard((FINISHING, 0.001, 1))

        async def slowly(path: str) -> Answer:
            await asyncio.sleep(1)
            return retry_after(60)

        network = Network(slowly)
        await asyncio.gather(process.ask(network, MONEY), process.ask(network, MONEY))
        await process.ask(network, MONEY)
        for _ in range(2):
            await process.ask(Network(), FINISHING)
        process.hand.settings[ACCOUNT] = BreakerSetting.OPEN
        await asyncio.sleep(1)
        await process.ask(network, MONEY)

    run(story())

    assert seen(cells, "exchanges_total") == {("plain", "money", "throttled"): 1, ("plain", "finishing", "answered"): 1}
    assert seen(cells, "calls_limited_total") == {
        ("plain", "money", "concurrency"): 1,
        ("plain", "money", "pause"): 1,
        ("plain", "finishing", "rate"): 1,
        ("plain", "money", "by_hand"): 1,
    }
    assert set(REASONS) == set(Refusal)


def test_a_circuit_is_shown_as_it_stands_also_to_who_did_not_move_it(cells: SharedCells) -> None:
    async def story() -> list[float]:
        redis = Redis()
        other = Process(redis=redis)
        watched = Process(redis=redis, observer=MeteredGuards())
        stands = []

        async def look() -> None:
            await asyncio.sleep(1)
            await watched.ask(Network(), ASKING)
            stands.append(seen(cells, "breaker_state")["plain", "money"])

        await look()
        await other.trip(MONEY)
        await look()
        await asyncio.sleep(5)
        await other.ask(Network(), MONEY)
        await look()
        return stands

    assert run(story()) == [0, 2, 0]


def test_accounts_at_one_provider_are_added_and_the_worst_circuit_stands_for_all(cells: SharedCells) -> None:
    metered = MeteredGuards()
    metered.crowd_moved(ONE, under_way=1, waiting=2, limit=16)
    metered.crowd_moved(OTHER, under_way=3, waiting=0, limit=8)
    metered.circuit_moved(ONE, MONEY, CircuitState.OPEN)
    metered.circuit_stands(OTHER, MONEY, CircuitState.CLOSED)
    metered.exchanged(ONE, MONEY, Sign.LOST, seconds=1.0)

    assert seen(cells, "calls_in_flight") == {("plain", "all"): 4}
    assert seen(cells, "calls_waiting") == {("plain", "all"): 2}
    assert seen(cells, "concurrency_limit") == {("plain", "all"): 24}
    assert seen(cells, "breaker_state") == {("plain", "money"): 2}
    assert seen(cells, "breaker_moves_total") == {("plain", "money", "open"): 1}
