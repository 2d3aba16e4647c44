"""Makes one measure after the other, and keeps what each found: one that fails spoils its own rows, not the others'."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Faults, Unsound
from tests.bench.plots import Plot
from tests.bench.results import Result
from tests.bench.rows import ROWS, Key, measured, missing

_QUOTED_MAX = 200


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a bench found; `failed` says what went wrong in which measure."""

    results: tuple[Result, ...]
    plots: tuple[Plot, ...]
    failed: dict[str, str]

    @property
    def is_sound(self) -> bool:
        """Whether every measure was made, and its books were right."""
        return not self.failed


def measure(bench: Bench, measures: Sequence[Measure], *, left_out: Sequence[Measure] = ()) -> Outcome:
    """Make the measures, say of which there are no figures this time, and sum up what must be zero."""
    failed: dict[str, str] = {}
    found = [_made(bench, one, failed) for one in measures]
    results = [result for findings in found for result in findings.results]
    results.extend(missing(key, f"not in the {bench.effort.name} bench") for one in left_out for key in one.keys)
    results.extend(_faults(bench.faults))
    places = {row.name: place for place, row in enumerate(ROWS.values())}
    return Outcome(
        results=tuple(sorted(results, key=lambda result: places[result.name])),
        plots=tuple(plot for findings in found for plot in findings.plots),
        failed=failed,
    )


def _made(bench: Bench, one: Measure, failed: dict[str, str]) -> Findings:
    began = time.monotonic()
    bench.tell(one.name)
    try:
        findings = one.run(bench)
    except Unsound as fault:
        failed[one.name] = f"UNSOUND: {fault}"
    except Exception as fault:  # noqa: BLE001 -- told in the rows of this measure and by the exit code; others go on
        failed[one.name] = f"{type(fault).__name__}: {fault}"
    else:
        bench.tell(f"{one.name}: {time.monotonic() - began:.0f} s")
        return findings
    bench.tell(f"{one.name} FAILED: {failed[one.name]}")
    return Findings(results=tuple(missing(key, _first_line(failed[one.name])) for key in one.keys))


def _first_line(fault: str) -> str:
    """Give the beginning of what went wrong: all of it is printed below the table."""
    return fault.strip().partition("\n")[0][:_QUOTED_MAX]


def _faults(faults: Faults) -> Iterator[Result]:
    detail = "in all runs: each was counted, and each database re-added, after its load"
    yield measured(Key.DEADLOCKS, [float(faults.deadlocks)], detail)
    yield measured(Key.MISMATCHES, [float(faults.mismatches)], detail)
    yield measured(Key.LOST, [float(faults.lost)], detail)
