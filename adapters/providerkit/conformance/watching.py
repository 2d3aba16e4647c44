"""Notices whatever a call does besides computing: clocks, chance, files, sockets, processes.

It looks at the calls themselves (`sys.setprofile`), not at names in modules, so `from time import time` hides nothing.
"""

import gc
import random
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")

_WORLDLY = frozenset({"time", "posix", "_socket", "_ssl", "_posixsubprocess", "select", "uuid_utils", "_asyncio"})
"""Modules written in C of which any function is a look at the world, or a hand in it."""

_HARMLESS = frozenset({"strptime", "gmtime", "timegm", "fspath", "strftime"})
"""Functions of theirs that only compute."""

_ROOMS = frozenset({"socket", "ssl", "subprocess", "asyncio.runners", "secrets", "tempfile", "threading"})
"""Modules written in Python of which any function is one, too."""

_RECORDS = "makeRecord"
"""What `logging` does for each line that is written; asking a logger that is switched off looks at nothing."""


def watched(call: Callable[[], Result]) -> tuple[Result, tuple[str, ...]]:
    """Do a call in this thread; give its result, and by name each look at the world that it took.

    The garbage collector waits meanwhile: what it calls (others may have asked it to) is not the adapter's doing.
    """
    seen: set[str] = set()
    own = threading.get_ident()

    def notice(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            if module in _ROOMS or (module == "logging" and frame.f_code.co_name == _RECORDS):
                seen.add(f"{module}.{frame.f_code.co_name}")
        elif event == "c_call" and threading.get_ident() == own:
            name = _name_of(argument)
            if name is not None:
                seen.add(name)

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(notice)
    try:
        result = call()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return result, tuple(sorted(seen))


def _name_of(function: object) -> str | None:
    """Name a C function that looks at the world; None for all others."""
    module, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if module in _WORLDLY and name not in _HARMLESS:
        return f"{module}.{name}"
    if (owner is not None and isinstance(owner, type) and issubclass(owner, datetime)) and name in {"now", "utcnow"}:
        return f"datetime.{name}"
    if isinstance(owner, random.Random):
        return f"random.{name}"
    if name == "open" and module in {"io", "_io"}:
        return "open"
    return None
