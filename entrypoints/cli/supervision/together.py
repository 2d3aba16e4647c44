"""Runs several things at once; the first that fails ends the others, and its fault is the one that is told."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*stories: Coroutine[Any, Any, object]) -> None:
    """Wait for all of them. Raises what the first that failed raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for story in stories:
                group.create_task(story)
    except BaseExceptionGroup as faults:
        raise _first_of(faults) from None


def _first_of(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    first = faults.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
