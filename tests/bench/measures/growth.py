"""What a transfer costs when the ledger is large."""

from contextlib import ExitStack

from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Books, covered, sound
from tests.bench.filling import MONTHS, fill
from tests.bench.generators import post_in_lanes
from tests.bench.ground import Database
from tests.bench.plots import Plot
from tests.bench.rows import Key, measured, missing
from tests.bench.runs import Contestant, middle, ratios, taking_turns, told

_TRANSFERS = 100
_SMALL, _LARGE = 100_000, 10_000_000


def growth(bench: Bench) -> Findings:
    """Compare one lane with 100 transfers in a call on ledgers of several sizes, each a database of its own."""
    effort = bench.effort
    with ExitStack() as databases:
        contestants: dict[str, Contestant] = {}
        for legs in effort.growth_legs:
            bench.tell(f"filling {legs:,} legs")
            database = databases.enter_context(bench.ground.database(f"bench_growth_{legs}"))
            fill(database, legs=legs)
            books = databases.enter_context(sound(Books(database), bench.faults))
            contestants[f"{legs}"] = covered(_lane(bench, database), books, bench.faults)
        bench.tell("comparing")
        runs = taking_turns(contestants, pairs=effort.pairs)
    small, large = effort.growth_legs[0], effort.growth_legs[-1]
    costs = ratios(runs[f"{small}"], runs[f"{large}"])
    detail = f"{large:,} legs against {small:,}, over {MONTHS} monthly parts, N={_TRANSFERS}, one lane: {told(runs)}"
    is_whole = small <= _SMALL and large >= _LARGE
    result = measured(Key.GROWTH, costs, detail) if is_whole else missing(Key.GROWTH, f"needs {_LARGE:,}; {detail}")
    line = [(float(legs), 1e6 / middle(runs[f"{legs}"])) for legs in effort.growth_legs]
    plot = Plot(
        file="growth.svg",
        title="Cost against the size of the table",
        x_label="legs in the ledger",
        y_label=f"microseconds per transfer ({_TRANSFERS} in a call)",
        lines={"posting function": line},
    )
    return Findings(results=(result,), plots=(plot,))


def _lane(bench: Bench, database: Database) -> Contestant:
    effort = bench.effort
    return lambda: post_in_lanes(
        database, lanes=1, transfers=_TRANSFERS, seconds=effort.seconds, warm_seconds=effort.warm_seconds
    )


MEASURES = (Measure(name="growth", keys=(Key.GROWTH,), run=growth, takes_long=True),)
