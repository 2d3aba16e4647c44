"""When this process began, as near as it can tell."""

import os
import time
from pathlib import Path

_IMPORTED_AT = time.monotonic()
_START_FIELD = 19  # Field 22 of proc(5)'s stat, counted from what follows the name in parentheses.


def seconds_since_the_start() -> float:
    """Give the seconds since this process was started; without /proc, since its first lines of Python ran."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.monotonic() - _IMPORTED_AT
    return uptime - int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")
