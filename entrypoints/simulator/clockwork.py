"""What the gateway does by itself: duties that fall due, events that wait for delivery."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Mapping

from entrypoints.simulator.callbacks import Courier
from entrypoints.simulator.gateway import Gateway
from entrypoints.simulator.logs import log
from entrypoints.simulator.store import Duty

_LONGEST_SLEEP_SECONDS = 5.0
_PAUSE_AFTER_FAILURE_SECONDS = 1.0


class Clockwork:
    """One task that wakes when something falls due, or when it is told that something may have."""

    def __init__(
        self, gateway: Gateway, courier: Courier, others: Mapping[str, Callable[[Duty], None]] | None = None
    ) -> None:
        """Join the gateway's duties, and those of `others` by their tasks, with the courier's deliveries."""
        self._gateway = gateway
        self._others = dict(others or {})
        self._courier = courier
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look at once for what is due."""
        self._courier.attention.set()

    async def start(self) -> None:
        """Begin."""
        await self._courier.open()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not done stays in the books for the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._courier.close()

    async def _run(self) -> None:
        while True:
            self._courier.attention.clear()
            try:
                self._work()
                pause = self._pause()
            except sqlite3.Error as fault:
                log("error", "clockwork.failed", fault=str(fault))
                pause = _PAUSE_AFTER_FAILURE_SECONDS
            with contextlib.suppress(TimeoutError):  # not wait_for: before Python 3.12 it could lose a cancellation
                async with asyncio.timeout(pause):
                    await self._courier.attention.wait()

    def _work(self) -> None:
        for duty in self._gateway.store.due_duties(time.time()):
            self._others.get(duty.task, self._gateway.do_duty)(duty)
        self._courier.send_due()

    def _pause(self) -> float:
        due_at = self._gateway.store.next_due_at()
        if due_at is None:
            return _LONGEST_SLEEP_SECONDS
        return min(max(due_at - time.time(), 0.01), _LONGEST_SLEEP_SECONDS)
