"""Ends a call that computes without end, by the processor time that it took, so that a busy machine proves nothing."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")

SECONDS_MAX = 2.0
"""More than any reader needs by a factor of thousands."""


class TookTooLongError(Exception):
    """A call computed for too long."""


def bounded(call: Callable[[], Result], *, seconds: float = SECONDS_MAX) -> Result:
    """Do a call. Raises TookTooLongError; in the main thread as soon as the time is over, elsewhere when it ends."""
    if threading.current_thread() is not threading.main_thread():
        return _measured(call, seconds)
    before = signal.signal(signal.SIGVTALRM, _over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _over(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLongError("it computes for too long")


def _measured(call: Callable[[], Result], seconds: float) -> Result:
    begun = time.thread_time()
    result = call()
    if time.thread_time() - begun > seconds:
        raise TookTooLongError("it computes for too long")
    return result
