"""What was measured against what was to be reached, and the file that keeps it."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("results.json")


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One row: `ratio` is the median of `samples` (one for each pair), both in the unit that the name says.

    `target` is None where a price is stated and none is promised; `ratio` is None where nothing could be measured, and
    `detail` says why.
    """

    name: str
    ratio: float | None
    target: float | None
    better: Better
    samples: tuple[float, ...]
    detail: str

    @property
    def verdict(self) -> "Verdict":
        """Say whether the target was reached."""
        if self.ratio is None:
            return Verdict.NOT_MEASURED
        if self.target is None:
            return Verdict.STATED
        reached = self.ratio >= self.target if self.better is Better.HIGHER else self.ratio <= self.target
        return Verdict.REACHED if reached else Verdict.MISSED


class Verdict(StrEnum):
    """What became of a target."""

    REACHED = "reached"
    MISSED = "missed"
    STATED = "stated"
    NOT_MEASURED = "not measured"


def not_measured(name: str, why: str, *, target: float | None = None, better: Better = Better.HIGHER) -> Result:
    """Make the row of something that could not be measured."""
    return Result(name=name, ratio=None, target=target, better=better, samples=(), detail=f"not measured: {why}")


def write_results(results: Sequence[Result], path: Path = RESULTS) -> None:
    """Keep the results as a JSON array."""
    rounded = [_rounded(result) for result in results]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rounded), indent=2) + b"\n")


def read_results(path: Path = RESULTS) -> tuple[Result, ...]:
    """Read them back. Raises msgspec.ValidationError when the file is something else."""
    return msgspec.json.decode(path.read_bytes(), type=tuple[Result, ...])


def _rounded(result: Result) -> Result:
    ratio = None if result.ratio is None else round(result.ratio, 4)
    samples = tuple(round(sample, 4) for sample in result.samples)
    return msgspec.structs.replace(result, ratio=ratio, samples=samples)
