"""The command line of the bench."""

import pytest

from tests.bench import __main__ as command
from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Faults
from tests.bench.effort import ALL, QUICK, Effort
from tests.bench.measures.every import MEASURES
from tests.bench.measuring import measure
from tests.bench.rows import ROWS, Key

FAULTS = {Key.DEADLOCKS, Key.MISMATCHES, Key.LOST}


def test_unknown_measure_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    code = command.bench(only=("hot", "hott"))

    assert code == 64
    assert capsys.readouterr().err.startswith("There is no measure hott. There are: uniform, ")


def test_every_row_of_the_table_is_some_measure_s() -> None:
    keys = [key for one in MEASURES for key in one.keys]

    assert sorted(keys) == sorted(set(Key) - FAULTS)


@pytest.mark.parametrize("effort", [ALL, QUICK], ids=lambda effort: effort.name)
def test_no_median_is_of_fewer_than_five_pairs(effort: Effort) -> None:
    assert effort.pairs >= 5


def test_what_is_left_out_is_said_in_its_rows() -> None:
    bench = Bench(ground=None, effort=QUICK, faults=Faults(), tell=lambda _line: None)  # type: ignore[arg-type]
    long = Measure(name="long", keys=(Key.GROWTH,), run=lambda _bench: Findings(results=()), takes_long=True)

    outcome = measure(bench, [], left_out=[long])

    details = {result.name: result.detail for result in outcome.results}
    assert outcome.is_sound
    assert details[ROWS[Key.GROWTH].name] == "not measured: not in the quick bench"
