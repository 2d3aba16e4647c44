"""Waits until each process of the house is ready, or says why it is not."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import aiohttp
import redis

from adapters.queue.heartbeat import living
from entrypoints.cli.supervision.child import Child

READY_SECONDS = 45.0
_POLL_SECONDS = 0.03
_ANSWER_SECONDS = 2.0


async def await_ready(child: Child, is_ready: Callable[[], Awaitable[bool]], *, seconds: float = READY_SECONDS) -> None:
    """Wait until it is ready. Raises Trouble, with the end of its log, when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not await is_ready():
        if not child.is_running:
            raise child.trouble(child.ending)
        if time.monotonic() > deadline:
            raise child.trouble(f"was not ready within {seconds:g} s")
        await asyncio.sleep(_POLL_SECONDS)


def answers(session: aiohttp.ClientSession, url: str) -> Callable[[], Awaitable[bool]]:
    """Make the question whether that address answers 200."""
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)

    async def ask() -> bool:
        try:
            async with session.get(url, timeout=timeout) as response:
                return response.status == 200  # noqa: PLR2004 -- OK
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False  # Not listening yet, or not answering yet.

    return ask


def gives_signs_of_life(broker: redis.Redis, child: Child) -> Callable[[], Awaitable[bool]]:
    """Make the question whether a process, or one that it forked, gives signs of life through the broker."""

    def look() -> bool:
        try:
            alive = living(broker, child.name)
        except redis.RedisError:
            return False
        return any(_is_of(child, int(name.rpartition(":")[2])) for name in alive)

    async def ask() -> bool:
        return await asyncio.to_thread(look)

    return ask


def _is_of(child: Child, pid: int) -> bool:
    try:
        return os.getpgid(pid) == child.pid
    except ProcessLookupError:
        return False  # A sign of an earlier run, not yet forgotten.
