"""Makes the passes of one schedule, again and again, whatever happens in one of them.

Several schedulers may run: every chore claims what it deals with or is idempotent by state, so none needs to be the
only one, and no lock is held for it (session locks do not survive a pooler: rule C4).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from adapters.telemetry.logging import get_logger
from application.schedules import Schedule
from domain.errors import Kind, MediatorError

BACKOFF_MIN_SECONDS = 0.25
BACKOFF_MAX_SECONDS = 5.0

Pass = Callable[[], Awaitable[int]]
"""One pass of a chore; gives how much was done."""


class Repetition:
    """One schedule as it is kept: when it last went well, and how often it has failed since."""

    def __init__(self, schedule: Schedule, make_pass: Pass) -> None:
        """Keep this schedule with these passes."""
        self._schedule = schedule
        self._make_pass = make_pass
        self._wake = asyncio.Event()
        self._failures = 0
        self._went_well_at = time.monotonic()

    def wake(self) -> None:
        """End the present rest."""
        self._wake.set()

    @property
    def silent_seconds(self) -> float:
        """How long ago a pass went well."""
        return time.monotonic() - self._went_well_at

    async def keep(self) -> None:
        """Make passes until cancelled."""
        while True:
            # Cleared before the pass: what is hinted at during it, and may be missed by it, ends the rest after it.
            self._wake.clear()
            rest_seconds = await self._pass()
            try:
                async with asyncio.timeout(rest_seconds):
                    await (self._wake.wait() if self._failures == 0 else asyncio.sleep(rest_seconds))
            except TimeoutError:
                continue

    async def _pass(self) -> float:
        """Make one pass; give how many seconds to rest after it."""
        chore = self._schedule.chore
        try:
            done = await self._make_pass()
        except Exception as error:  # noqa: BLE001 -- a chore that fails once must not end all chores; it is logged
            self._failures += 1
            self._tell(error)
            return backoff_seconds(self._failures)
        if self._failures:
            get_logger().info("chore.recovered", chore=chore, failures=self._failures)
        self._failures = 0
        self._went_well_at = time.monotonic()
        return 0.0 if done and self._schedule.drains else self._schedule.every_seconds

    def _tell(self, error: Exception) -> None:
        """Log each fault of ours, but of an outage only the beginning."""
        chore = self._schedule.chore
        if not (isinstance(error, MediatorError) and error.entry.kind is Kind.UNAVAILABLE):
            get_logger().error("chore.failed", chore=chore, failures=self._failures, exc_info=error)
        elif self._failures == 1:
            get_logger().warning("chore.interrupted", chore=chore, reason=str(error))


def backoff_seconds(failures: int) -> float:
    """Give how long to rest after so many failures in a row: a quarter of a second, doubling to 5 s, with jitter."""
    longest = min(BACKOFF_MAX_SECONDS, BACKOFF_MIN_SECONDS * 2.0 ** min(failures - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- jitter, not a secret
