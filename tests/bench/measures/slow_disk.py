"""The same transfers on a disk that answers 1.5 ms later."""

import tempfile
from pathlib import Path

import msgspec

from tests.bench.bench import Bench, Findings, Measure, arena
from tests.bench.ground import PLACE, ground_laid
from tests.bench.other_postgres import chosen, find_compiler, slowed
from tests.bench.rows import Key, measured, missing
from tests.bench.runs import Run, ratios, taking_turns, told

_ADDED_MILLISECONDS = 1.5
_KEYS = (Key.SLOW_UNIFORM, Key.SLOW_HOT)


def slow_disk(bench: Bench) -> Findings:
    """Compare uniform and hot throughput where each fdatasync takes longer."""
    compiler = find_compiler()
    if compiler is None:
        return Findings(results=tuple(missing(key, "there is no C compiler for the shim") for key in _KEYS))
    with tempfile.TemporaryDirectory(prefix="slow-", dir=PLACE) as name:
        place = Path(name)
        place.chmod(0o711)
        with (
            chosen(slowed(bench.ground.program, place, compiler)),
            ground_laid(accounts=bench.ground.accounts) as ground,
        ):
            return _compare(msgspec.structs.replace(bench, ground=ground))


def _compare(bench: Bench) -> Findings:
    pairs = bench.effort.pairs
    with arena(bench, "slow") as place:
        _require_slow(place.raw(clients=1, seconds=bench.effort.seconds_quiet)())
        uniform = taking_turns({"api": place.api(), "raw": place.raw()}, pairs=pairs)
        hot = taking_turns({"api": place.api(debited=1), "raw": place.raw(debited=1)}, pairs=pairs)
    return Findings(
        results=(
            measured(Key.SLOW_UNIFORM, ratios(uniform["api"], uniform["raw"]), told(uniform)),
            measured(Key.SLOW_HOT, ratios(hot["api"], hot["raw"]), told(hot)),
        )
    )


def _require_slow(alone: Run) -> None:
    """Raise RuntimeError when the shim does nothing: one transfer cannot be quicker than its fdatasync."""
    if alone.p50 < _ADDED_MILLISECONDS:
        raise RuntimeError(f"the disk was not slowed: a transfer takes {alone.p50:.2f} ms")


MEASURES = (Measure(name="slow disk", keys=_KEYS, run=slow_disk, takes_long=True),)
