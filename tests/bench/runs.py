"""One run of one contestant, and what several of them say side by side: they take turns, to meet the same weather."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from tests.bench.histogram import Histogram


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some seconds of load.

    `counted` are the successes within the measured `seconds`; `acknowledged` all of them, those before and after it
    included. `refused` counts every other answer by its status (0: no answer).
    """

    seconds: float
    counted: int
    acknowledged: int
    durations: Histogram
    refused: Mapping[str, int] = {}

    @property
    def per_second(self) -> float:
        """Successes in a second."""
        return self.counted / self.seconds

    @property
    def p50(self) -> float:
        """Milliseconds that half of them took at most."""
        return self.durations.milliseconds(50)

    @property
    def p99(self) -> float:
        """Milliseconds that 99 % of them took at most."""
        return self.durations.milliseconds(99)


Contestant = Callable[[], Run]
"""Runs once, for as long as the effort says."""

Runs = dict[str, list[Run]]
"""The runs of each contestant, in the order in which they took turns."""


def taking_turns(contestants: Mapping[str, Contestant], *, pairs: int) -> Runs:
    """Let each run once, and all of that so many times: A B A B."""
    runs: Runs = {name: [] for name in contestants}
    for _ in range(pairs):
        for name, run in contestants.items():
            runs[name].append(run())
    return runs


def throughput(run: Run) -> float:
    """Give what is compared when more is better."""
    return run.per_second


def p50(run: Run) -> float:
    """Give the middle duration, in milliseconds."""
    return run.p50


def p99(run: Run) -> float:
    """Give the long durations, in milliseconds."""
    return run.p99


def ratios(
    ours: Sequence[Run], theirs: Sequence[Run], figure: Callable[[Run], float] = throughput
) -> tuple[float, ...]:
    """Divide ours by theirs, pair by pair. Raises ValueError when a pair is not whole or theirs is nothing."""
    pairs = list(zip(ours, theirs, strict=True))
    if not pairs or any(figure(their) == 0 for _, their in pairs):
        raise ValueError("there is nothing to compare with")
    return tuple(figure(our) / figure(their) for our, their in pairs)


def median(values: Sequence[float]) -> float:
    """Give the middle value."""
    return statistics.median(values)


def middle(runs: Sequence[Run], figure: Callable[[Run], float] = throughput) -> float:
    """Give the middle of a figure over runs."""
    return median([figure(run) for run in runs])


def told(runs: Runs) -> str:
    """Say in one line what each contestant did: medians."""
    return "; ".join(_told(name, mine) for name, mine in runs.items())


def _told(name: str, runs: Sequence[Run]) -> str:
    line = f"{name} {middle(runs):,.0f}/s p50 {middle(runs, p50):.2f} p99 {middle(runs, p99):.2f} ms"
    return " ".join((line, *_refusals(runs)))


def _refusals(runs: Sequence[Run]) -> Iterator[str]:
    for status in sorted({status for run in runs for status in run.refused}):
        yield f"({sum(run.refused.get(status, 0) for run in runs)} x {status})"
