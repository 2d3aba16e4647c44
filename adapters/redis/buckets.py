"""Buckets of tokens, kept in Redis for all processes, or in this process while Redis is away.

GCRA: of each bucket one number is kept, the time at which it would be full again. A token is worth a whole number of
microseconds, so that all arithmetic is exact; where the window is no multiple of that, the rate is a little lower.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

import hiredis
import msgspec

from adapters.redis.connection import RedisAway, RedisConnection, Reply
from adapters.telemetry.logging import get_logger
from application.ports.limits import Quota

SUBJECTS_MAX: Final = 10_000
"""Buckets that one process remembers; the one not used for longest is forgotten."""

PAUSE_SECONDS: Final = 1.0
"""How long Redis is left alone after it failed."""

PREFIX: Final = "fm:limit"
MICROSECONDS: Final = 1_000_000

DRAW: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local worth, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local need, want, returned = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now) - returned * worth
if full_at < now then full_at = now end
local free = math.floor((now + count * worth - full_at) / worth)
local granted, wait = 0, 0
if free >= need then
  granted = math.min(free, want)
  full_at = full_at + granted * worth
else
  wait = full_at + need * worth - now - count * worth
end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {granted, free - granted, full_at - now, wait}
"""
DRAW_DIGEST: Final = hashlib.sha1(DRAW.encode(), usedforsecurity=False).hexdigest()


class Draw(msgspec.Struct, frozen=True):
    """What was drawn, what is left in the bucket, when it is full, and how long to wait when nothing was drawn."""

    granted: int
    remaining: int
    full_in_seconds: float
    wait_seconds: float


def worth_of(quota: Quota) -> int:
    """Give the microseconds in which a bucket of this quota gains one token, rounded up."""
    return max(1, -(-quota.window_seconds * MICROSECONDS // quota.count))


class SharedBuckets:
    """Draws from buckets in Redis, by Redis' clock. All quotas of a process share one, and so one connection."""

    def __init__(self, connection: RedisConnection, *, clock: Callable[[], float] = monotonic) -> None:
        """Use this connection."""
        self._connection = connection
        self._clock = clock
        self._left_alone_until = float("-inf")
        self.is_away = False

    @property
    def is_resting(self) -> bool:
        """Tell whether Redis failed just now, so that nobody should ask it yet."""
        return self.is_away and self._clock() < self._left_alone_until

    async def draw(self, quota: Quota, subject: str, *, need: int, want: int, returned: int) -> Draw | None:
        """Draw between `need` and `want` tokens, or none; None when Redis is away, which is logged once."""
        bucket = f"{PREFIX}:{quota.name}:{quota.count}:{quota.window_seconds}:{subject}"
        words = (1, bucket, worth_of(quota), quota.count, need, want, returned)
        try:
            reply = await self._connection.ask("EVALSHA", DRAW_DIGEST, *words)
            if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT"):
                reply = await self._connection.ask("EVAL", DRAW, *words)
            drawn = _read(reply)
        except RedisAway as fault:
            self._lose(fault)
            return None
        self._regain()
        return drawn

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def _lose(self, fault: RedisAway) -> None:
        self._left_alone_until = self._clock() + PAUSE_SECONDS
        if not self.is_away:
            self.is_away = True
            get_logger().warning("rate_limit.degraded", cause=str(fault), meaning="each process limits its own share")

    def _regain(self) -> None:
        if self.is_away:
            self.is_away = False
            get_logger().info("rate_limit.restored")


def _read(reply: Reply) -> Draw:
    """Read the script's reply. Raises RedisAway for a refusal: a replica, a full memory, a server that is loading."""
    if not isinstance(reply, list):
        raise RedisAway(f"it refused: {reply}")
    granted, remaining, full_in, wait = reply
    return Draw(granted, remaining, full_in / MICROSECONDS, wait / MICROSECONDS)


class LocalBuckets:
    """The same buckets in this process alone, by its own clock; each holds this process' share of the quota."""

    def __init__(self, quota: Quota, *, processes: int, clock: Callable[[], float] = monotonic) -> None:
        """Share the quota out among so many processes."""
        self._quota = msgspec.structs.replace(quota, count=-(-quota.count // processes))
        self._worth = worth_of(self._quota)
        self._clock = clock
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def draw(self, subject: str, *, need: int) -> Draw:
        """Draw exactly `need` tokens, or none; never more than a full bucket holds."""
        now = int(self._clock() * MICROSECONDS)
        need = min(need, self._quota.count)
        full_at = max(now, self._full_at.get(subject, now))
        free = (now + self._quota.count * self._worth - full_at) // self._worth
        granted = need if free >= need else 0
        wait = 0 if granted else full_at + need * self._worth - now - self._quota.count * self._worth
        self._full_at[subject] = full_at + granted * self._worth
        self._full_at.move_to_end(subject)
        if len(self._full_at) > SUBJECTS_MAX:
            self._full_at.popitem(last=False)
        full_in = self._full_at[subject] - now
        return Draw(granted, free - granted, full_in / MICROSECONDS, wait / MICROSECONDS)
