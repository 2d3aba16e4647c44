"""`./dev bench`: measures the ledger beside named baselines, on throw-away stores."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from tests.bench.bench import Bench, Measure
from tests.bench.books import Faults
from tests.bench.ceiling import ceiling
from tests.bench.circumstances import circumstances
from tests.bench.effort import ALL, MINIATURE, QUICK, Effort
from tests.bench.ground import Ground, environment, ground_laid
from tests.bench.measures.every import MEASURES
from tests.bench.measuring import Outcome, measure
from tests.bench.plots import svg
from tests.bench.results import RESULTS, write_results
from tests.bench.table import table_of

_FAILED = 1
_UNKNOWN = 64
_NAMES = ", ".join(one.name for one in MEASURES)

app = App(name="bench", help_flags=["--help", "-h"], version_flags=[])


@app.default
def bench(
    *,
    quick: Annotated[bool, Parameter(negative="", help="Less than eight minutes: without what takes long.")] = False,
    miniature: Annotated[bool, Parameter(negative="", help="See that everything works; the figures mean nothing.")] = (
        False
    ),
    only: Annotated[tuple[str, ...], Parameter(help=f"Make these measures alone: {_NAMES}.")] = (),
    output: Annotated[Path, Parameter(help="Where results and plots are written.")] = RESULTS.parent,
) -> int:
    """Measure the ledger's speed beside named baselines, on throw-away stores with fsync and synchronous_commit on.

    Prints a table, writes results.json and plots. The figures to compare are the ratios: medians of pairs that take
    turns. Exit code 1 when a measure failed, something acknowledged was lost, or the books were wrong; targets that
    were missed are in the table alone.
    """
    unknown = set(only) - {one.name for one in MEASURES}
    if unknown:
        sys.stderr.write(f"There is no measure {', '.join(sorted(unknown))}. There are: {_NAMES}.\n")
        return _UNKNOWN
    effort = MINIATURE if miniature else QUICK if quick else ALL
    chosen = [one for one in MEASURES if one.name in only or not (only or (effort.skips_long and one.takes_long))]
    return _run(effort, chosen, output, is_whole=not only)


def _run(effort: Effort, chosen: Sequence[Measure], output: Path, *, is_whole: bool) -> int:
    news = Console(stderr=True, highlight=False)
    answers = Console(highlight=False, width=None if sys.stdout.isatty() else 200)

    def tell(line: str) -> None:
        news.print(line, markup=False)

    tell("stores")
    with ground_laid(accounts=effort.accounts) as ground:
        caption = f"{circumstances(ground, effort)}; {_ceiling(ground, effort)}"
        left_out = [one for one in MEASURES if one not in chosen] if is_whole else []
        outcome = measure(Bench(ground=ground, effort=effort, faults=Faults(), tell=tell), chosen, left_out=left_out)
    _keep(outcome, output)
    answers.print(table_of(outcome.results, caption=caption))
    for name, fault in outcome.failed.items():
        answers.print(f"{name}: {fault}", markup=False, style="red")
    return 0 if outcome.is_sound else _FAILED


def _ceiling(ground: Ground, effort: Effort) -> str:
    """Say how much load there can be at most: what a server would take that does nothing."""
    most = ceiling(ground.logs, environment({}), connections=effort.connections, seconds=effort.seconds_quiet)
    return f"the generator's ceiling is {most.per_second:,.0f} requests/s"


def _keep(outcome: Outcome, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write_results(outcome.results, output / RESULTS.name)
    for plot in outcome.plots:
        (output / plot.file).write_text(svg(plot))


def _end(*_: object) -> None:
    """Unwind, so that everything that was started is ended."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        sys.exit(app())
    except KeyboardInterrupt:
        sys.exit(130)
