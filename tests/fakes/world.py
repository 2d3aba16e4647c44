"""A world whose clock is set by the test, and whose identifiers are the same in every run."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from application.ports.world import World
from domain.moment import Moment

MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Where a test's clock starts, unless it says otherwise."""

TICK = timedelta(milliseconds=1)


class SettableWorld(World):
    """Each moment is one tick after the one before, as with a real clock; identifiers are UUIDv7 in time order.

    `seed` goes into every identifier: give two worlds of one test different ones.
    """

    def __init__(self, now: datetime = MONDAY, *, seed: int = 1, tick: timedelta = TICK) -> None:
        """Start at `now` (UTC)."""
        self.now = now
        self._seed = seed
        self._tick = tick
        self._made = 0

    def moment(self) -> Moment:
        """Give the present moment, one tick later."""
        self.now += self._tick
        return Moment(self.now, self.new_id)

    def wait(self, duration: timedelta) -> None:
        """Let time pass; a negative duration is a clock that was put back."""
        self.now += duration

    def new_id(self) -> UUID:
        """Make the next identifier (RFC 9562 §5.7): milliseconds, then a counter, then the seed."""
        self._made += 1
        milliseconds = int(self.now.timestamp() * 1000)
        counter = self._made % 2**42
        high, low = counter >> 30, counter % 2**30
        return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low << 32 | self._seed % 2**32)
