"""The file of results, and what it says of targets."""

from pathlib import Path

import msgspec
import pytest

from tests.bench.results import RESULTS, Better, Result, Verdict, read_results, write_results
from tests.bench.rows import ROWS, Key, measured, missing


def test_results_are_an_array_of_six_fields_and_come_back(tmp_path: Path) -> None:
    kept = (measured(Key.UNIFORM, [1.7, 1.91234567, 2.2], "api 2/s"), missing(Key.TLS, "no openssl"))

    write_results(kept, tmp_path / "results.json")

    read = msgspec.json.decode((tmp_path / "results.json").read_bytes())
    assert [set(row) for row in read] == [{"name", "ratio", "target", "better", "samples", "detail"}] * 2
    assert (read[0]["ratio"], read[0]["target"], read[0]["better"]) == (1.9123, 1.85, "higher")
    assert (read[1]["ratio"], read[1]["samples"]) == (None, [])
    assert [row.name for row in read_results(tmp_path / "results.json")] == [row.name for row in kept]


def test_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"name": "x", "ratio": "fast"}]')

    with pytest.raises(msgspec.ValidationError):
        read_results(tmp_path / "results.json")


@pytest.mark.skipif(not RESULTS.exists(), reason="NOT CHECKED: no bench has been run in this checkout")
def test_kept_results_have_the_rows_of_the_table() -> None:
    rows = {row.name: row for row in ROWS.values()}

    for result in read_results():
        assert (result.target, result.better) == (rows[result.name].target, rows[result.name].better)


@pytest.mark.parametrize(
    ("ratio", "target", "better", "verdict"),
    [
        (2.0, 1.85, Better.HIGHER, Verdict.REACHED),
        (1.85, 1.85, Better.HIGHER, Verdict.REACHED),
        (1.8, 1.85, Better.HIGHER, Verdict.MISSED),
        (0.7, 0.75, Better.LOWER, Verdict.REACHED),
        (0.8, 0.75, Better.LOWER, Verdict.MISSED),
        (0.0, 0.0, Better.LOWER, Verdict.REACHED),
        (1.0, 0.0, Better.LOWER, Verdict.MISSED),
        (3.0, None, Better.HIGHER, Verdict.STATED),
        (None, 1.85, Better.HIGHER, Verdict.NOT_MEASURED),
    ],
)
def test_verdict_follows_the_direction_of_the_target(
    ratio: float | None, target: float | None, better: Better, verdict: Verdict
) -> None:
    result = Result(name="x", ratio=ratio, target=target, better=better, samples=(), detail="")

    assert result.verdict is verdict


def test_every_row_of_the_table_has_a_name_of_its_own() -> None:
    assert set(ROWS) == set(Key)
    assert len({row.name for row in ROWS.values()}) == len(ROWS)
