"""The connection is cut at any byte and the process dies at any step: nobody pays twice, and our books stay true."""

import asyncio

import pytest

from tests.boundary.counting import PAYOUT_EVERY, counted, play
from tests.boundary.planted import PLANTED

RUNS = 10_000
PARTS = 8
BLIND_AFTER = 1_000
"""So many runs may pass before a planted bug is found; more, and the runs would be blind."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_run_of_ten_thousand_charges_twice_or_loses_anything(part: int) -> None:
    count = asyncio.run(counted(range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS)))

    assert count.faulty == {}
    assert (count.doubles, count.lost) == (0, 0)


def test_runs_go_through_what_they_are_about() -> None:
    count = asyncio.run(counted(range(600)))

    assert count.deaths > 200
    assert count.went_on > 20
    assert {"succeeded", "failed", "cancelled", "authorized", "partially_captured", "created"} <= set(count.states)
    assert {"payout completed", "payout returned", "payout failed", "payout cancelled"} <= set(count.states)
    assert {"authorize", "capture", "refund", "void", "payout paid", "payout returned"} <= set(count.effects)


@pytest.mark.parametrize("seed", [0, 7, 4_242, 4_244])
def test_run_is_repeated_by_its_seed(seed: int) -> None:
    assert asyncio.run(play(seed)) == asyncio.run(play(seed))


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug_is_found(name: str) -> None:
    found = asyncio.run(_first_fault(name))

    assert found is not None, f"{BLIND_AFTER} runs did not find that the system {name}"


async def _first_fault(name: str) -> int | None:
    for seed in range(BLIND_AFTER):
        if (await play(seed, PLANTED[name])).faults:
            return seed
    return None


def test_payout_that_is_sent_again_in_doubt_is_counted_as_paid_twice() -> None:
    count = asyncio.run(counted(range(0, 400, PAYOUT_EVERY), PLANTED["pays out again in doubt"]))

    assert count.doubles > 0
