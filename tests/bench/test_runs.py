"""Runs that take turns, and what their ratios are."""

import pytest

from tests.bench.histogram import Histogram
from tests.bench.runs import Run, median, p50, ratios, taking_turns, told


def a_run(*, counted: int = 100, seconds: float = 1.0, milliseconds: float = 1.0, refused: int = 0) -> Run:
    """Make a run in which everything took the same time."""
    return Run(
        seconds=seconds,
        counted=counted,
        acknowledged=counted,
        durations=Histogram.of([round(milliseconds * 1e6)] * counted),
        refused={"503": refused} if refused else {},
    )


def test_contestants_take_turns_in_every_pair() -> None:
    turns: list[str] = []

    def contestant(name: str) -> Run:
        turns.append(name)
        return a_run()

    runs = taking_turns({"ours": lambda: contestant("ours"), "raw": lambda: contestant("raw")}, pairs=3)

    assert turns == ["ours", "raw"] * 3
    assert {name: len(mine) for name, mine in runs.items()} == {"ours": 3, "raw": 3}


def test_ratios_are_made_pair_by_pair() -> None:
    ours = [a_run(counted=200), a_run(counted=300, seconds=2.0), a_run(counted=90)]
    raw = [a_run(counted=100), a_run(counted=50), a_run(counted=30)]

    assert ratios(ours, raw) == (2.0, 3.0, 3.0)
    assert median(ratios(ours, raw)) == 3.0


def test_median_of_ratios_is_not_the_ratio_of_medians() -> None:
    ours = [a_run(counted=10), a_run(counted=20), a_run(counted=90)]
    raw = [a_run(counted=10), a_run(counted=5), a_run(counted=30)]

    assert median(ratios(ours, raw)) == 3.0


def test_delays_are_compared_in_milliseconds() -> None:
    (ratio,) = ratios([a_run(milliseconds=3)], [a_run(milliseconds=2)], p50)

    assert ratio == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize(("ours", "theirs"), [(1, 2), (2, 1), (0, 0)])
def test_unpaired_runs_are_not_compared(ours: int, theirs: int) -> None:
    with pytest.raises(ValueError, match=r"zip|nothing to compare"):
        ratios([a_run()] * ours, [a_run()] * theirs)


def test_baseline_that_did_nothing_is_no_baseline() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        ratios([a_run()], [a_run(counted=0)])


def test_refused_requests_are_told_beside_the_throughput() -> None:
    assert "(5 x 503)" in told({"api": [a_run(refused=2), a_run(refused=3)]})
