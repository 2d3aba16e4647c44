"""Allocation: the parts are exactly the amount, whatever the currency's decimals, up to the ledger's bound."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allocation import Fixed, Part, Percent, Remainder, allocate, percent_of
from domain.errors import MediatorError
from domain.posting import BOUND

PERCENTAGES = st.decimals(0, 100, places=6).map(lambda number: Percent(Fraction(number)))
DECIMALS = st.sampled_from([0, 2, 3, 4])
AMOUNTS = DECIMALS.flatmap(lambda places: st.integers(1, BOUND // 10**4).map(lambda major: major * 10**places)) | (
    st.integers(1, BOUND)
)


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, tuple[Part, ...]]:
    """An amount with percentages of a hundred together, in any order."""
    cuts = sorted(draw(st.lists(st.integers(0, 10_000_000), max_size=8)))
    ends = [0, *cuts, 10_000_000]
    parts: list[Part] = [Percent(Fraction(end - begin, 100_000)) for begin, end in itertools.pairwise(ends)]
    return draw(AMOUNTS), tuple(parts)


@given(shares())
def test_percentages_of_a_hundred_lose_and_invent_nothing(case: tuple[int, tuple[Part, ...]]) -> None:
    amount, parts = case

    made = allocate(amount, parts)

    assert sum(made) == amount
    for share, part in zip(made, parts, strict=True):
        assert isinstance(part, Percent)
        exact = part.hundredths * amount / 100
        assert abs(share - exact) < 1


@given(AMOUNTS, st.lists(PERCENTAGES, max_size=6), st.lists(st.integers(1, 1_000_000), max_size=3), st.integers(0, 9))
def test_the_remainder_takes_exactly_what_is_left(
    amount: int, percentages: list[Percent], fixed: list[int], place: int
) -> None:
    parts: list[Part] = [*percentages, *map(Fixed, fixed)]
    parts.insert(place % (len(parts) + 1), Remainder())
    wanted = sum(part.hundredths * amount / 100 for part in percentages) + sum(fixed)

    if wanted > amount:
        with pytest.raises(MediatorError, match="more than the amount"):
            allocate(amount, tuple(parts))
        return
    made = allocate(amount, tuple(parts))

    assert sum(made) == amount
    assert min(made) >= 0
    for share, part in zip(made, parts, strict=True):
        if isinstance(part, Percent):
            assert 0 <= part.hundredths * amount / 100 - share < 1
        if isinstance(part, Fixed):
            assert share == part.minor


def test_the_unit_that_rounding_leaves_goes_to_the_largest_fraction_and_then_to_the_earlier_part() -> None:
    thirds = (percent_of("33.3", pointer=""), percent_of("33.3", pointer=""), percent_of("33.4", pointer=""))

    assert allocate(100, thirds) == (33, 33, 34)
    assert allocate(10, thirds) == (3, 3, 4)
    assert allocate(1, (percent_of("50", pointer=""), percent_of("50", pointer=""))) == (1, 0)


def test_parts_that_are_less_than_the_amount_need_a_remainder() -> None:
    with pytest.raises(MediatorError, match="less than the amount"):
        allocate(100, (percent_of("99.999", pointer=""),))


def test_two_remainders_are_refused() -> None:
    with pytest.raises(MediatorError, match="only one part") as refused:
        allocate(100, (Remainder(), Remainder()))

    assert refused.value.errors[0].pointer == "/splits/1/remainder"


@pytest.mark.parametrize("text", ["-1", "100.1", "1e1", "1,5", "", " 5", "5.", "0.1234567890123", "\u0665", "101"])
def test_a_percentage_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MediatorError, match="from 0 to 100"):
        percent_of(text, pointer="/splits/0/percent")


def test_the_largest_amount_is_divided_exactly() -> None:
    assert sum(allocate(BOUND, (percent_of("0.000000000001", pointer=""), Remainder()))) == BOUND
