"""What the system says about each process: memory, time, open files. Read when somebody asks, not before."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from adapters.telemetry.exposition import Sample, block

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")

_MEANINGS: Final = (
    ("process_cpu_seconds_total", "counter", "Processor time, of the process and the system for it, in seconds."),
    ("process_open_fds", "gauge", "Open files and connections."),
    ("process_resident_memory_bytes", "gauge", "Memory that it has, with what it shares with others, in bytes."),
    ("process_start_time_seconds", "gauge", "When it started, in seconds since 1970."),
    ("process_threads", "gauge", "Threads."),
)


def exposed_processes(processes: Iterable[tuple[int, int]]) -> str:
    """Write about processes, each by its number in the service and its id. Those that have ended are left out."""
    samples: dict[str, list[Sample]] = {name: [] for name, _, _ in _MEANINGS}
    for number, pid in processes:
        for name, value in _read(pid).items():
            samples[name].append((name, (("process", str(number)),), value))
    return "".join(block(name, kind, meaning, samples[name]) for name, kind, meaning in _MEANINGS if samples[name])


def _read(pid: int) -> dict[str, float]:
    """Read Linux's `/proc`; nothing where there is none, or the process has ended (proc(5))."""
    folder = Path(f"/proc/{pid}")
    try:
        # The second field, the name in parentheses, may hold anything: what follows it begins with the third.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        resident_pages = int((folder / "statm").read_text().split()[1])
        open_files = sum(1 for _ in (folder / "fd").iterdir())
        started = _booted_at() + int(fields[19]) / _TICKS
    except (OSError, ValueError, IndexError):
        return {}
    return {
        "process_cpu_seconds_total": (int(fields[11]) + int(fields[12])) / _TICKS,
        "process_open_fds": float(open_files),
        "process_resident_memory_bytes": float(resident_pages * _PAGE),
        "process_start_time_seconds": started,
        "process_threads": float(fields[17]),
    }


def _booted_at() -> float:
    lines = Path("/proc/stat").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))
