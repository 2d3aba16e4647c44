"""Trouble by seed: repeatable, in the shares that were asked for, and never outside the plan."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.trouble.plan import (
    Fate,
    HiddenLimit,
    Latency,
    Mishap,
    Outage,
    Plan,
    Planner,
    Trial,
    names_a_seed,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def trials(plan: Plan, count: int, kind: str = "authorize") -> list[Trial]:
    planner = Planner(Clock())
    planner.follow(plan)
    return [trial for _ in range(count) if (trial := planner.trial(kind)) is not None]


def test_plan_of_nothing_lets_everything_through() -> None:
    for number, trial in enumerate(trials(Plan(seed=0), 50), start=1):
        assert msgspec.structs.replace(trial, share=0.0) == Trial(number=number)


@given(st.integers())
def test_same_seed_brings_the_same_trouble_and_another_one_another(seed: int) -> None:
    plan = Plan(seed=seed, rates={Mishap.CUT: 0.5, Mishap.DRIP: 0.3}, latency=Latency(mean_seconds=0.1))

    assert trials(plan, 20) == trials(plan, 20)
    assert trials(plan, 20) != trials(msgspec.structs.replace(plan, seed=seed + 1), 20)


def test_order_in_which_rates_are_written_does_not_matter() -> None:
    rates = {Mishap.CUT: 0.2, Mishap.GARBAGE: 0.3, Mishap.HANG: 0.1}

    turned = dict(reversed(rates.items()))

    assert trials(Plan(seed=7, rates=rates), 100) == trials(Plan(seed=7, rates=turned), 100)


def test_mishaps_come_in_their_shares() -> None:
    rates = {Mishap.CUT_BEFORE: 0.1, Mishap.ERROR_AFTER: 0.3}

    seen = Counter(trial.mishap for trial in trials(Plan(seed=1, rates=rates), 10_000))

    assert set(seen) == {None, Mishap.CUT_BEFORE, Mishap.ERROR_AFTER}
    assert 900 <= seen[Mishap.CUT_BEFORE] <= 1_100
    assert 2_850 <= seen[Mishap.ERROR_AFTER] <= 3_150


def test_cuts_fall_on_every_part_of_an_answer() -> None:
    shares = [trial.share for trial in trials(Plan(seed=1, rates={Mishap.CUT: 1.0}), 2_000)]

    assert {int(share * 100) for share in shares} == set(range(100))


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_latency_has_its_mean_and_its_bounds(spread: float) -> None:
    latency = Latency(least_seconds=0.1, mean_seconds=0.2, spread=spread, most_seconds=2.0)

    drawn = [trial.latency_seconds for trial in trials(Plan(seed=3, latency=latency), 5_000)]

    assert min(drawn) >= 0.1
    assert max(drawn) <= 2.0
    assert 0.27 <= sum(drawn) / len(drawn) <= 0.33


def test_hidden_limit_says_when_to_come_again_and_means_it() -> None:
    clock = Clock()
    planner = Planner(clock)
    planner.follow(Plan(seed=0, limit=HiddenLimit(per_second=2.0, burst=3)))

    first = [planner.trial("authorize") for _ in range(4)]
    clock.now += 0.49
    early = planner.trial("authorize")
    clock.now += 0.02
    due = planner.trial("authorize")

    waits = [trial.retry_after_seconds for trial in [*first, early, due] if trial is not None]
    assert waits == [None, None, None, 0.5, pytest.approx(0.01), None]


def test_outage_has_a_beginning_and_an_end() -> None:
    clock = Clock()
    planner = Planner(clock)
    planner.follow(Plan(seed=0, outages=(Outage(begins=1, ends=2), Outage(begins=3, ends=4, refuses=False))))

    seen = []
    for _ in range(5):
        trial = planner.trial("refund")
        assert trial is not None
        seen.append((trial.is_out, trial.is_reset))
        clock.now += 1

    assert seen == [(False, False), (True, False), (False, False), (False, True), (False, False)]


def test_plan_leaves_other_kinds_alone_and_does_not_count_them() -> None:
    planner = Planner(Clock())
    planner.follow(Plan(seed=0, rates={Mishap.CUT: 1.0}, on=frozenset({"khalti.refund"})))

    assert planner.trial("authorize") is None
    trial = planner.trial("khalti.refund")
    assert trial is not None
    assert (trial.number, trial.mishap) == (1, Mishap.CUT)


def test_each_callback_has_its_fate_whatever_else_happens() -> None:
    planner = Planner(Clock())
    planner.follow(Plan(seed=5, callbacks={Fate.MISSING: 0.25, Fate.TWICE: 0.25}))
    before = [planner.fate(number) for number in range(200)]
    planner.trial("authorize")

    assert [planner.fate(number) for number in range(200)] == before
    assert set(before) == {None, Fate.MISSING, Fate.TWICE}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"seed":1,"rates":{"cut":0.6,"drip":0.6}}',
        b'{"seed":1,"rates":{"explode":0.1}}',
        b'{"seed":1,"rates":{"cut":1.1}}',
        b'{"seed":1,"rates":{"cut":-0.1}}',
        b'{"seed":1,"callbacks":{"late":0.9,"twice":0.9}}',
        b'{"seed":1,"on":["everything"]}',
        b'{"seed":1,"limit":{"per_second":0,"burst":1}}',
        b'{"seed":1,"surprise":1}',
        b'{"rates":{}}',
    ],
)
def test_plan_that_makes_no_sense_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Plan)


def test_plan_is_told_from_an_order_by_its_seed() -> None:
    assert names_a_seed(b'{"seed": null}')
    for raw in (b'{"kind":"cut","on":"refund"}', b"[]", b"{", b"\xff", b'"seed"', b"[" * 100_000):
        assert not names_a_seed(raw)
