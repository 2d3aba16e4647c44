"""Many transfers in one request, and in one call of the posting function, beside RAW."""

import msgspec

from tests.bench.api import Server, transfers
from tests.bench.bench import Arena, Bench, Findings, Measure, arena, raw_contestant
from tests.bench.books import Books, covered, sound
from tests.bench.generators import post_in_lanes
from tests.bench.rows import Key, measured
from tests.bench.runs import Contestant, ratios, taking_turns, told

LARGE, SMALL = 500, 100
_CONNECTIONS = 8
LANES, TRANSFERS = 4, 1000


def batches(bench: Bench) -> Findings:
    """Compare transfers per second through the batch endpoint, each item for itself."""
    with arena(bench, "batch") as place:
        contestants = {"large": _batch(place, LARGE), "small": _batch(place, SMALL), "raw": place.raw()}
        runs = taking_turns(contestants, pairs=bench.effort.pairs)
    detail = f"{LARGE} or {SMALL} in a request, {_CONNECTIONS} connections: {told(runs)}"
    return Findings(
        results=(
            measured(Key.BATCH, ratios(runs["large"], runs["raw"]), detail),
            measured(Key.BATCH_SMALL, ratios(runs["small"], runs["raw"]), detail),
        )
    )


def _batch(place: Arena, size: int) -> Contestant:
    traffic = transfers(place.database, place.server.port, batch=size)
    server: Server = msgspec.structs.replace(place.server, traffic=traffic)
    return place.covered(server.contestant(place.bench.effort, connections=_CONNECTIONS))


def lanes(bench: Bench) -> Findings:
    """Compare the array function in lanes with accounts of their own."""
    effort = bench.effort
    # Each lane needs accounts enough that a call rarely meets one twice.
    transfers_each = min(TRANSFERS, bench.ground.accounts // LANES)
    with bench.ground.database("bench_lanes") as database, sound(Books(database), bench.faults) as books:

        def in_lanes() -> Contestant:
            return covered(
                lambda: post_in_lanes(
                    database,
                    lanes=LANES,
                    transfers=transfers_each,
                    seconds=effort.seconds,
                    warm_seconds=effort.warm_seconds,
                ),
                books,
                bench.faults,
            )

        contestants = {"lanes": in_lanes(), "raw": raw_contestant(bench, database, books)}
        runs = taking_turns(contestants, pairs=effort.pairs)
    return Findings(results=(measured(Key.LANES, ratios(runs["lanes"], runs["raw"]), told(runs)),))


MEASURES = (
    Measure(name="batches", keys=(Key.BATCH, Key.BATCH_SMALL), run=batches),
    Measure(name="lanes", keys=(Key.LANES,), run=lanes),
)
