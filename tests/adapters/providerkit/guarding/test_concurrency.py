"""How many requests may be under way: within its bounds whatever happens, slowly up and quickly down."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from adapters.providerkit.guarding.concurrency import Concurrency, ConcurrencyRule

RULE = ConcurrencyRule(first=16, least=2, most=64, cut_share=0.5, cut_seconds=2.0)
EVENTS = st.lists(st.tuples(st.floats(0, 5), st.none() | st.integers(0, 100)), max_size=300)


@given(EVENTS)
def test_the_limit_stays_within_its_bounds_and_is_cut_once_for_one_overload(
    events: list[tuple[float, int | None]],
) -> None:
    concurrency, now, cuts = Concurrency(float(RULE.first)), 0.0, []
    for passed, under_way in events:
        now += passed
        before = concurrency.limit
        if under_way is None:
            concurrency = concurrency.cut(RULE, now=now)
            if concurrency.limit < before:
                cuts.append(now)
        else:
            concurrency = concurrency.grown(RULE, under_way=under_way)
            assert before <= concurrency.limit <= before + 0.5
        assert RULE.least <= concurrency.slots <= RULE.most

    assert all(later - earlier >= RULE.cut_seconds for earlier, later in itertools.pairwise(cuts))


def test_a_round_of_successes_at_the_limit_gives_about_one_slot() -> None:
    concurrency = Concurrency(16.0)
    for _ in range(16):
        concurrency = concurrency.grown(RULE, under_way=16)

    assert 16.9 < concurrency.limit <= 17


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    assert Concurrency(16.0).grown(RULE, under_way=7) == Concurrency(16.0)


def test_an_overload_halves_it_down_to_the_least() -> None:
    concurrency = Concurrency(16.0)
    for second in range(0, 20, 2):
        concurrency = concurrency.cut(RULE, now=float(second))

    assert Concurrency(16.0).cut(RULE, now=0.0).limit == 8
    assert concurrency.limit == 2
