"""The measuring of payments."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from entrypoints.cli.benchmark import Benchmark, Lap, Load, run_lap, say


def sender(*, acknowledged_of: int) -> tuple[Callable[[], Awaitable[bool]], list[int]]:
    """Send without a network: one of so many is acknowledged; gives how many were under way at each send."""
    under_way = 0
    seen: list[int] = []

    async def send() -> bool:
        nonlocal under_way
        under_way += 1
        seen.append(under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return len(seen) % acknowledged_of == 0

    return send, seen


async def test_every_request_is_sent_once_and_only_acknowledged_ones_count() -> None:
    send, seen = sender(acknowledged_of=1)

    lap = await run_lap(send, requests=100, connections=7)

    assert (len(seen), max(seen), lap.acknowledged, len(lap.milliseconds)) == (100, 7, 100, 100)


async def test_refused_requests_are_no_throughput() -> None:
    async def refuse() -> bool:
        await asyncio.sleep(0)
        return False

    lap = await run_lap(refuse, requests=10, connections=2)

    assert (lap.acknowledged, lap.per_second) == (0, 0)


def test_percentiles_are_those_of_the_requests() -> None:
    lap = Lap(seconds=2.0, acknowledged=101, milliseconds=tuple(float(number) for number in range(101)))

    assert (lap.percentile(50), lap.percentile(99), lap.per_second) == (50.0, 99.0, 50.5)


@pytest.mark.parametrize(
    ("acknowledged", "committed", "holds", "code"),
    [(10, 10, True, 0), (10, 11, True, 0), (10, 9, True, 1), (10, 10, False, 1)],
)
def test_lost_payment_or_a_broken_book_fails_the_measuring(
    acknowledged: int,
    committed: int,
    holds: bool,  # noqa: FBT001 -- a case, not a switch
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Benchmark(
        load=Load(requests=10, connections=1, rounds=1),
        payments_per_second=1.0,
        payments_p50=1.0,
        payments_p99=1.0,
        live_per_second=10.0,
        live_p50=1.0,
        live_p99=1.0,
        ratio=0.1,
        acknowledged=acknowledged,
        committed=committed,
        holds=holds,
    )

    assert say(found, as_json=False) == code
    assert f"{acknowledged} payments acknowledged, {committed} committed" in capsys.readouterr().out
