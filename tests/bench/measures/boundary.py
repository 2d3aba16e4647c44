"""Payments and payouts whose connection is cut at any byte and whose process dies at any step: none is taken twice."""

import asyncio
import os
import time
from concurrent.futures import ProcessPoolExecutor

from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Unsound
from tests.bench.rows import Key, measured
from tests.boundary.counting import Count, counted

_PART = 1_000
_SHOWN = 5


def boundary(bench: Bench) -> Findings:
    """Play the runs, on every processor. Raises Unsound when one of them charged twice, or lost anything."""
    began = time.monotonic()
    total = Count()
    parts = [range(first, min(first + _PART, bench.effort.cuts)) for first in range(0, bench.effort.cuts, _PART)]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for number, count in enumerate(pool.map(_counted, parts), start=1):
            total.add(count)
            if number % 10 == 0:
                bench.tell(f"boundary: {total.runs:,} runs, {total.doubles} doubles, {total.lost} lost")
    if total.faulty:
        bench.faults.lost += total.lost
        bench.faults.mismatches += len(total.faulty)
        first = sorted(total.faulty.items())[:_SHOWN]
        raise Unsound(f"{total.doubles} doubles, {total.lost} lost, {len(total.faulty)} runs at fault: {first}")
    per_second = total.runs / (time.monotonic() - began)
    detail = (
        f"{total.runs:,} seeded runs with {total.operations:,} operations: {total.deaths:,} deaths,"
        f" {total.went_on:,} went on to a second provider; doubles {total.doubles}, lost {total.lost}"
    )
    return Findings(results=(measured(Key.BOUNDARY, [per_second], detail),))


def _counted(seeds: range) -> Count:
    return asyncio.run(counted(seeds))


MEASURES = (Measure(name="boundary", keys=(Key.BOUNDARY,), run=boundary),)
