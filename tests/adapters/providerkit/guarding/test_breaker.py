"""When a circuit opens: on enough technical failures within the window, and on nothing else."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.guarding.breaker import SLOTS, BreakerRule, Window

RULE = BreakerRule(window_seconds=30.0, calls_min=5, failure_share=0.5)
CALLS = st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=60)


def after(calls: Sequence[tuple[float, bool]]) -> tuple[Window, float]:
    window, now = Window(), 1000.0
    for passed, failed in calls:
        now += passed
        window = window.after(RULE, failed=failed, now=now)
    return window, now


@given(CALLS)
def test_the_window_counts_what_ended_lately_and_nothing_older(calls: list[tuple[float, bool]]) -> None:
    window, now = after(calls)
    times, at = [], 1000.0
    for passed, failed in calls:
        at += passed
        times.append((at, failed))
    surely = [failed for at, failed in times if at > now - RULE.window_seconds * (SLOTS - 1) / SLOTS]
    perhaps = [failed for at, failed in times if at > now - RULE.window_seconds]

    assert len(surely) <= window.calls(RULE, now=now) <= len(perhaps)
    assert sum(surely) <= window.failures(RULE, now=now) <= sum(perhaps)


@given(CALLS)
def test_it_opens_only_on_enough_calls_and_a_large_enough_share_of_failures(calls: list[tuple[float, bool]]) -> None:
    window, now = after(calls)

    if window.trips(RULE, now=now):
        assert window.calls(RULE, now=now) >= RULE.calls_min
        assert window.failures(RULE, now=now) * 2 >= window.calls(RULE, now=now)


@given(st.lists(st.floats(0, 20), max_size=60))
def test_what_never_fails_never_opens_it(waits: list[float]) -> None:
    window, now = after([(wait, False) for wait in waits])

    assert not window.trips(RULE, now=now)


def test_it_opens_at_the_fifth_failure_and_half_of_many() -> None:
    assert not after([(0, True)] * 4)[0].trips(RULE, now=1000.0)
    assert after([(0, True)] * 5)[0].trips(RULE, now=1000.0)
    assert not after([(0, False)] * 6 + [(0, True)] * 5)[0].trips(RULE, now=1000.0)
    assert after([(0, False)] * 6 + [(0, True)] * 6)[0].trips(RULE, now=1000.0)


def test_old_failures_are_forgotten() -> None:
    window, now = after([(0, True)] * 9)

    assert not window.trips(RULE, now=now + RULE.window_seconds)


@given(st.integers(0, 1_000), st.floats(0, 1))
def test_it_stays_open_longer_each_time_within_bounds(level: int, chance: float) -> None:
    seconds = RULE.open_for(level, chance=chance)

    assert RULE.open_seconds * (1 - RULE.chance_share) <= seconds <= RULE.open_seconds_max
    assert RULE.open_for(level + 1, chance=chance) >= seconds


def test_the_back_off_doubles_and_chance_shortens_it() -> None:
    assert [RULE.open_for(level, chance=0.0) for level in range(6)] == [5, 10, 20, 40, 80, 120]
    assert RULE.open_for(0, chance=1.0) == 3.75
