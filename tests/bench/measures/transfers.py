"""Single transfers over HTTP beside RAW: throughput, delays, and what contention does to both."""

from tests.bench.bench import Arena, Bench, Findings, Measure, arena
from tests.bench.plots import Plot
from tests.bench.rows import Key, measured
from tests.bench.runs import Runs, median, middle, p50, p99, ratios, taking_turns, told

_CLIENTS = 32


def uniform(bench: Bench) -> Findings:
    """Compare throughput over all connections."""
    with arena(bench, "uniform") as place:
        runs = taking_turns({"api": place.api(), "raw": place.raw()}, pairs=bench.effort.pairs)
    return Findings(results=(measured(Key.UNIFORM, ratios(runs["api"], runs["raw"]), told(runs)),))


def delays(bench: Bench) -> Findings:
    """Compare how long a transfer takes: the slow ones among 32, and the usual one alone."""
    pairs, seconds = bench.effort.pairs, bench.effort.seconds_quiet
    with arena(bench, "delays") as place:
        among = {"api": place.api(connections=_CLIENTS), "raw": place.raw(clients=_CLIENTS)}
        alone = {
            "api": place.api(connections=1, seconds=seconds),
            "raw": place.raw(clients=1, seconds=seconds),
        }
        crowd, single = taking_turns(among, pairs=pairs), taking_turns(alone, pairs=pairs)
    return Findings(
        results=(
            measured(Key.P99, ratios(crowd["api"], crowd["raw"], p99), told(crowd)),
            measured(Key.P50, ratios(single["api"], single["raw"], p50), told(single)),
        )
    )


def hot(bench: Bench) -> Findings:
    """Compare throughput when every transfer debits the same account."""
    with arena(bench, "hot") as place:
        runs = taking_turns({"api": place.api(debited=1), "raw": place.raw(debited=1)}, pairs=bench.effort.pairs)
    return Findings(results=(measured(Key.HOT, ratios(runs["api"], runs["raw"]), told(runs)),))


def contention(bench: Bench) -> Findings:
    """Draw throughput over the number of accounts that are debited."""
    with arena(bench, "contention") as place:
        found = {debited: _pair(place, debited) for debited in (*bench.effort.contention, bench.effort.accounts)}
    lines = {
        "API over HTTP": [(float(debited), middle(runs["api"])) for debited, runs in found.items()],
        "RAW (pgbench)": [(float(debited), middle(runs["raw"])) for debited, runs in found.items()],
    }
    samples = [median(ratios(runs["api"], runs["raw"])) for runs in found.values()]
    detail = "; ".join(f"{debited:,} accounts: {told(runs)}" for debited, runs in found.items())
    return Findings(
        results=(measured(Key.CONTENTION, samples, detail),),
        plots=(
            Plot(
                file="contention.svg",
                title="Throughput against contention",
                x_label="accounts that are debited (all others are credited)",
                y_label="transfers per second",
                lines=lines,
            ),
        ),
    )


def _pair(place: Arena, debited: int) -> Runs:
    effort = place.bench.effort
    place.bench.tell(f"{debited} accounts")
    contestants = {"api": place.api(debited=debited), "raw": place.raw(debited=debited)}
    return taking_turns(contestants, pairs=max(1, effort.pairs // 2))


MEASURES = (
    Measure(name="uniform", keys=(Key.UNIFORM,), run=uniform),
    Measure(name="delays", keys=(Key.P99, Key.P50), run=delays),
    Measure(name="hot", keys=(Key.HOT,), run=hot),
    Measure(name="contention", keys=(Key.CONTENTION,), run=contention),
)
