"""The shared record of an account: a bucket that never gives too much, pauses that hold, and one probe at a time."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.guarding.records import (
    MICROSECONDS,
    Rate,
    Record,
    claimed,
    closed,
    drawn,
    opened,
    paused,
    standing,
)
from domain.manifests import OperationClass, RateLimitRule

SECOND = MICROSECONDS
RATES = st.builds(Rate, st.integers(1, 3 * SECOND), st.integers(1, 20))
STEPS = st.lists(
    st.tuples(
        st.integers(0, 5 * SECOND),  # time that passes
        st.integers(0, 10 * SECOND),  # the longest wait
        st.none() | st.integers(0, 8 * SECOND),  # a pause that is learned before
    ),
    max_size=80,
)


def sends(rate: Rate, steps: list[tuple[int, int, int | None]]) -> list[int]:
    """Give when tokens were spent."""
    record, now = Record(), 1_700_000_000 * SECOND
    spent = []
    for passed, wait_max, pause in steps:
        now += passed
        if pause is not None:
            record = paused(record, now=now, pause=pause)
        record, token = drawn(record, rate, now=now, wait_max=wait_max)
        assert token.granted == (token.wait <= wait_max)
        if token.granted:
            spent.append(now + token.wait)
    return sorted(spent)


@given(RATES, STEPS)
def test_never_more_goes_out_than_the_burst_and_what_the_time_gains(
    rate: Rate, steps: list[tuple[int, int, int | None]]
) -> None:
    spent = sends(rate, steps)

    for begin, first in enumerate(spent):
        for last in spent[begin:]:
            within = bisect_right(spent, last) - begin
            assert within <= rate.burst + (last - first) // rate.worth


@given(RATES, STEPS)
def test_what_was_drawn_after_a_pause_was_learned_waits_for_its_end(
    rate: Rate, steps: list[tuple[int, int, int | None]]
) -> None:
    record, now, until = Record(), 0, 0
    for passed, wait_max, pause in steps:
        now += passed
        if pause is not None:
            record, until = paused(record, now=now, pause=pause), max(until, now + pause)
        record, token = drawn(record, rate, now=now, wait_max=wait_max)
        assert now + token.wait >= until


@given(RATES)
def test_a_full_bucket_gives_its_burst_at_once_and_no_token_more(rate: Rate) -> None:
    record = Record()
    for _ in range(rate.burst):
        record, token = drawn(record, rate, now=SECOND, wait_max=0)
        assert token.granted
        assert token.wait == 0

    _, refused = drawn(record, rate, now=SECOND, wait_max=0)

    assert (refused.granted, refused.wait) == (False, rate.worth)


def test_what_is_refused_costs_nothing() -> None:
    rate = Rate(SECOND, 1)
    record, _ = drawn(Record(), rate, now=0, wait_max=0)

    for _ in range(50):
        record, _ = drawn(record, rate, now=0, wait_max=SECOND - 1)

    assert drawn(record, rate, now=SECOND, wait_max=0)[1].granted


def test_without_a_rule_only_a_pause_holds_back() -> None:
    record = Record()
    for _ in range(1_000):
        record, token = drawn(record, None, now=0, wait_max=0)
        assert token.granted

    record = paused(record, now=0, pause=SECOND)

    assert drawn(record, None, now=0, wait_max=SECOND - 1)[1] == standing(record, now=0, wait=SECOND)
    assert drawn(record, None, now=0, wait_max=SECOND)[1].granted


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_shorter_pause_does_not_end_a_longer_one(first: int, second: int) -> None:
    record = paused(paused(Record(), now=7, pause=first), now=7, pause=second)

    assert standing(record, now=7).paused == max(first, second)


@pytest.mark.parametrize(
    ("per_second", "burst", "processes", "worth", "held"),
    [
        (1, 5, 1, SECOND, 5),
        (3, 5, 1, 333_334, 5),
        (0.1, 1, 1, 10 * SECOND, 1),
        (4, 9, 4, SECOND, 2),
        (4, 1, 4, SECOND, 1),
    ],
)
def test_a_rule_becomes_a_bucket_and_a_process_gets_its_share_of_it(
    per_second: float, burst: int, processes: int, worth: int, held: int
) -> None:
    rule = RateLimitRule(operation_class=OperationClass.MONEY, per_second=per_second, burst=burst)

    assert Rate.of(rule, processes=processes) == Rate(worth, held)


def test_a_circuit_that_changed_is_changed_only_by_who_saw_it() -> None:
    record = opened(Record(), now=0, turn=0, level=0, opens_in=SECOND)

    assert opened(record, now=0, turn=0, level=9, opens_in=9 * SECOND) == record
    assert closed(record, now=0, turn=0) == record
    assert not standing(closed(record, now=0, turn=1), now=0).is_open


@given(st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=40))
def test_a_half_open_circuit_gives_one_claim_at_a_time(waits: list[int]) -> None:
    lease = SECOND
    record, now, held_until = opened(Record(), now=0, turn=0, level=0, opens_in=5 * SECOND), 0, 0
    for passed in waits:
        now += passed
        record, claim = claimed(record, now=now, turn=1, lease=lease)
        assert claim.granted == (now >= 5 * SECOND and now >= held_until)
        if claim.granted:
            held_until = now + lease


def test_nobody_claims_a_closed_circuit_or_one_of_another_turn() -> None:
    half_open = opened(Record(), now=0, turn=0, level=0, opens_in=0)

    assert not claimed(Record(), now=5, turn=0, lease=1)[1].granted
    assert not claimed(half_open, now=5, turn=0, lease=1)[1].granted
