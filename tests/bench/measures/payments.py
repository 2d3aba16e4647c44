"""Payments per second through the simulator: `mediator bench`, on stores of its own."""

import os
import subprocess
import sys
from typing import Any

import msgspec

from tests.bench.bench import Bench, Findings, Measure
from tests.bench.books import Unsound
from tests.bench.children import ROOT
from tests.bench.ground import environment
from tests.bench.rows import Key, measured

_SECONDS_MAX = 600.0


def payments(bench: Bench) -> Findings:
    """Have `mediator bench` measure. Raises Unsound when a payment was lost or the books do not hold."""
    effort = bench.effort
    done = subprocess.run(
        [
            *(sys.executable, "-m", "entrypoints.cli", "bench", "--json"),
            *("--payments", str(effort.payments), "--rounds", str(effort.pairs)),
        ],
        cwd=ROOT,
        env=environment(os.environ),
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        check=False,
    )
    if not done.stdout.strip():
        raise RuntimeError(f"`mediator bench` failed: {done.stderr.strip()[-1000:]}")
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    if done.returncode != 0:
        bench.faults.lost += max(0, found["acknowledged"] - found["committed"])
        bench.faults.mismatches += not found["holds"]
        raise Unsound(f"{found['acknowledged']} payments acknowledged, {found['committed']} committed")
    detail = (
        f"{found['payments_per_second']:.0f} payments/s (p50 {found['payments_p50']} p99 {found['payments_p99']} ms), "
        f"GET /health/live {found['live_per_second']:.0f}/s; {found['committed']} committed, the books hold"
    )
    return Findings(results=(measured(Key.PAYMENTS, [found["ratio"]], detail),))


MEASURES = (Measure(name="payments", keys=(Key.PAYMENTS,), run=payments),)
