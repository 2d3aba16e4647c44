"""Counters, gauges and histograms over shared memory, and how they are written down."""

import os
import re
from collections.abc import Callable, Iterator

import pytest

from adapters.telemetry import metrics
from adapters.telemetry.exposition import exposed, merged, written
from adapters.telemetry.families import Counter, Gauge, Histogram, Merge, is_written, write_to
from adapters.telemetry.process_metrics import exposed_processes
from adapters.telemetry.shared_cells import SharedCells
from domain.errors import CATALOGUE

COUNTED = Counter("test_counted_total", 'Counts "things"\nof a test.', "kind")
LEVEL = Gauge("test_level", "A level.")
WORST = Gauge("test_worst", "The worst level.", "of", merge=Merge.WORST)
SPREAD = Histogram("test_spread", "A spread.", "of", bounds=(1, 2.5))


@pytest.fixture
def cells() -> Iterator[SharedCells]:
    """Have this process count, in memory for three."""
    made = SharedCells(3)
    write_to(made.claim())
    yield made
    write_to(None)
    made.close()


def test_nothing_is_kept_before_somebody_asks_for_it() -> None:
    COUNTED.add(("a",))

    assert not is_written()


def test_counts_are_added_by_their_labels(cells: SharedCells) -> None:
    COUNTED.add(("a",))
    COUNTED.add(("a",), 2.0)
    COUNTED.add(("b",))

    assert merged(cells)["test_counted_total"] == {("a",): (3.0,), ("b",): (1.0,)}


def test_a_histogram_tells_each_range_with_all_below_it(cells: SharedCells) -> None:
    for number in (1.0, 2.0, 2.5, 100.0):
        SPREAD.observe(("x",), number)

    lines = written(SPREAD, merged(cells)["test_spread"]).splitlines()

    assert lines[2:] == [
        'test_spread_bucket{of="x",le="1"} 1',
        'test_spread_bucket{of="x",le="2.5"} 3',
        'test_spread_bucket{of="x",le="+Inf"} 4',
        'test_spread_sum{of="x"} 105.5',
        'test_spread_count{of="x"} 4',
    ]


def test_words_from_outside_cannot_break_a_line(cells: SharedCells) -> None:
    COUNTED.add(('a"} 9\nevil 1',))

    lines = written(COUNTED, merged(cells)["test_counted_total"]).splitlines()

    assert lines[0] == '# HELP test_counted_total Counts "things"\\nof a test.'
    assert lines[2:] == ['test_counted_total{kind="a\\"} 9\\nevil 1"} 1']


def test_two_processes_make_one_sum(cells: SharedCells) -> None:
    COUNTED.add(("a",))
    LEVEL.set((), 5.0)
    WORST.set(("x",), 2.0)

    def count() -> None:
        COUNTED.add(("a",), 10.0)
        LEVEL.set((), 7.0)
        WORST.set(("x",), 1.0)

    _in_a_child(cells, count)

    kept = merged(cells)
    assert kept["test_counted_total"] == {("a",): (11.0,)}
    # The child has ended: what it counted counts on, what it was at is over.
    assert kept["test_level"] == {(): (5.0,)}
    assert kept["test_worst"] == {("x",): (2.0,)}


def test_the_next_process_counts_on_where_a_dead_one_ended(cells: SharedCells) -> None:
    _in_a_child(cells, lambda: COUNTED.add(("a",), 10.0))
    _in_a_child(cells, lambda: COUNTED.add(("a",), 1.0))

    assert merged(cells)["test_counted_total"] == {("a",): (11.0,)}
    assert len(cells.used()) == 2


def test_a_series_too_many_is_counted_as_lost(cells: SharedCells) -> None:
    for number in range(20_000):
        COUNTED.add((str(number),))

    [(_, slot)] = cells.used()
    assert slot.lost > 0
    assert len(merged(cells)["test_counted_total"]) + slot.lost == 20_000


def test_a_metric_has_one_declaration() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Counter("test_counted_total", "Again.")


def test_labels_must_be_those_that_were_declared(cells: SharedCells) -> None:
    with pytest.raises(ValueError, match="has the labels"):
        COUNTED.add(("a", "b"))


def test_requests_are_counted_by_their_route_and_never_by_what_callers_wrote(cells: SharedCells) -> None:
    metrics.request_at("GET", "/v1/payments/{payment_id:str}", 200, 0.004)
    metrics.request_at("BREW", metrics.UNMATCHED, 404, 0.001)

    text = exposed(cells)

    assert 'http_requests_total{method="GET",route="/v1/payments/{payment_id:str}",status="200"} 1' in text
    assert 'http_requests_total{method="other",route="unmatched",status="404"} 1' in text
    assert (
        'http_request_duration_seconds_bucket{method="GET",route="/v1/payments/{payment_id:str}",le="0.005"} 1' in text
    )


def test_refusals_under_load_have_counters_of_their_own(cells: SharedCells) -> None:
    assert metrics.SHED_CODE in CATALOGUE
    assert metrics.LIMITED_CODE in CATALOGUE
    metrics.problem(metrics.SHED_CODE)
    metrics.problem(metrics.LIMITED_CODE)
    metrics.problem("NOT_FOUND")

    text = exposed(cells)

    assert re.search(r"^http_requests_shed_total 1$", text, re.MULTILINE)
    assert re.search(r"^http_requests_rate_limited_total 1$", text, re.MULTILINE)
    assert 'http_problems_total{code="NOT_FOUND"} 1' in text


def test_a_process_tells_its_memory_and_files() -> None:
    text = exposed_processes([(0, os.getpid())])

    assert float(_value(text, 'process_resident_memory_bytes{process="0"}')) > 1_000_000
    assert float(_value(text, 'process_open_fds{process="0"}')) >= 3


def test_a_process_that_has_ended_is_left_out() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)

    assert exposed_processes([(0, child)]) == ""


def _value(text: str, name: str) -> str:
    return next(line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name))


def _in_a_child(cells: SharedCells, work: Callable[[], None]) -> None:
    """Count in a process of its own, which ends."""
    child = os.fork()
    if child == 0:
        write_to(cells.claim())
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
