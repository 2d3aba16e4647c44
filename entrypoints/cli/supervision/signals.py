"""Ends a long command in order at the first signal, and at once at the second."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from entrypoints.cli.trouble import SIGNALLED, Interrupted

Result = TypeVar("Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_told(story: Coroutine[Any, Any, Result], *, kill_all: Callable[[], None]) -> Result:
    """Run the story and give its result. Raises Interrupted when a signal ended it.

    The first signal cancels the story, which then cleans up; at the second everything is killed, and we are gone.
    """
    return asyncio.run(_run(story, kill_all))


async def _run(story: Coroutine[Any, Any, Result], kill_all: Callable[[], None]) -> Result:
    told: list[signal.Signals] = []
    task = asyncio.ensure_future(story)

    def hear(number: signal.Signals) -> None:
        told.append(number)
        if len(told) > 1:
            kill_all()
            os._exit(SIGNALLED + number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, hear, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not told:
            raise
        raise Interrupted(told[0]) from None
