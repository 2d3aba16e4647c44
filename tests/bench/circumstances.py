"""Says on what a bench was run: figures of other circumstances cannot be compared with it."""

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.effort import Effort
from tests.bench.ground import PLACE, Ground

_WRITES = 200
_BLOCK = bytes(8192)


def circumstances(ground: Ground, effort: Effort) -> str:
    """Say it in one line: machine, programs, disk, and how busy the machine already was."""
    return (
        f"{effort.name}: {os.cpu_count()} cores ({platform.machine()}, load {os.getloadavg()[0]:.1f} before), "
        f"Python {platform.python_version()}, PostgreSQL {ground.program.version} with fsync, synchronous_commit, "
        f"fdatasync {sync_microseconds(PLACE):.0f} us, {effort.workers} API workers, {ground.accounts:,} accounts, "
        f"{effort.pairs} pairs of {effort.seconds:g} s; generator, API and stores share the machine"
    )


def sync_microseconds(place: Path) -> float:
    """Give how long the disk takes to have 8 KB for sure: the middle of many."""
    samples = []
    with tempfile.TemporaryFile(dir=place) as file:
        for _ in range(_WRITES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), _BLOCK, 0)
            os.fdatasync(file.fileno())
            samples.append((time.perf_counter() - began) * 1e6)
    return statistics.median(samples)
