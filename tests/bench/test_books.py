"""A run that lost something, or whose books are wrong, fails; it is never only slow or fast."""

from collections.abc import Iterator

import pytest

from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Books, Counted, Faults, Unsound, covered, sound
from tests.bench.effort import MINIATURE
from tests.bench.histogram import Histogram
from tests.bench.measuring import measure
from tests.bench.results import Verdict
from tests.bench.rows import ROWS, Key, measured
from tests.bench.runs import Run


class Rows(Counted):
    """A database in which a number of rows is found each time."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = iter(numbers)

    def committed(self) -> int:
        return next(self._numbers)


class WrongBooks(Books):
    """Books with mistakes that are known beforehand."""

    def __init__(self, *, deadlocks: tuple[int, int] = (0, 0), mistakes: dict[str, int] | None = None) -> None:
        self._found: Iterator[int] = iter(deadlocks)
        self._mistakes = mistakes or {}

    def deadlocks(self) -> int:
        return next(self._found)

    def mistakes(self) -> dict[str, int]:
        return self._mistakes


def a_run(acknowledged: int) -> Run:
    """Make a run that was told so many successes."""
    return Run(seconds=1, counted=acknowledged, acknowledged=acknowledged, durations=Histogram.of([1] * acknowledged))


@pytest.mark.parametrize("committed", [10, 11])
def test_run_whose_committed_rows_cover_the_acknowledged_ones_counts(committed: int) -> None:
    faults = Faults()

    done = covered(lambda: a_run(10), Rows(100, 100 + committed), faults)()

    assert (done.acknowledged, faults) == (10, Faults())


def test_run_whose_committed_rows_do_not_cover_the_acknowledged_ones_fails() -> None:
    faults = Faults()

    with pytest.raises(Unsound, match="3 of 10 acknowledged transfers are not there"):
        covered(lambda: a_run(10), Rows(100, 107), faults)()

    assert faults.lost == 3


def test_run_without_any_success_fails() -> None:
    refused = Run(seconds=1, counted=0, acknowledged=0, durations=Histogram(), refused={"503": 4})

    with pytest.raises(Unsound, match="503"):
        covered(lambda: refused, Rows(1, 1), Faults())()


def test_wrong_books_fail_whatever_the_figures_are() -> None:
    faults = Faults()

    with (
        pytest.raises(Unsound, match="2 deadlocks, 5 unbalanced sums"),
        sound(WrongBooks(deadlocks=(7, 9), mistakes={"unbalanced sums": 5}), faults),
    ):
        pass

    assert faults == Faults(deadlocks=2, mismatches=5)


def test_fault_of_the_run_itself_is_not_hidden_by_the_books() -> None:
    with (
        pytest.raises(RuntimeError, match="the run itself"),
        sound(WrongBooks(mistakes={"unbalanced sums": 5}), Faults()),
    ):
        raise RuntimeError("the run itself")


def test_unsound_measure_spoils_its_own_rows_and_the_whole_bench_but_not_the_others() -> None:
    def lose(bench: Bench) -> Findings:
        bench.faults.lost += 3
        raise Unsound("3 of 10 acknowledged transfers are not there")

    def go_well(_bench: Bench) -> Findings:
        return Findings(results=(measured(Key.LANES, [9.0], "lanes"),))

    bench = Bench(ground=None, effort=MINIATURE, faults=Faults(), tell=lambda _line: None)  # type: ignore[arg-type]
    outcome = measure(
        bench,
        [
            Measure(name="losing", keys=(Key.HOT,), run=lose),
            Measure(name="going well", keys=(Key.LANES,), run=go_well),
        ],
    )

    verdicts = {result.name: result.verdict for result in outcome.results}
    assert not outcome.is_sound
    assert verdicts[ROWS[Key.HOT].name] is Verdict.NOT_MEASURED
    assert verdicts[ROWS[Key.LANES].name] is Verdict.REACHED
    assert verdicts[ROWS[Key.LOST].name] is Verdict.MISSED
