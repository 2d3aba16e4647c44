"""The records of provider accounts in Redis, for all processes: one script, one key for each account.

The script says what `adapters/providerkit/guarding/records.py` says, in microseconds of Redis' own clock; one suite
holds both to it.
"""

import hashlib
from collections.abc import Callable
from time import monotonic
from typing import Final

import hiredis

from adapters.providerkit.guarding.records import Rate, Standing
from adapters.providerkit.guarding.sharing import Place, SharedRecords
from adapters.redis.connection import RedisAway, RedisConnection, Reply, Word
from adapters.telemetry.logging import get_logger
from domain.manifests import RateLimitRule

PREFIX: Final = "fm:guard"

PAUSE_SECONDS: Final = 1.0
"""How long Redis is left alone after it failed: a payment waits for its answer."""

KEEP_SECONDS: Final = 3600
"""How long an account's records stay without a change; longer than any pause, any open circuit, and any calm."""

SCRIPT: Final = """
local class, verb, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local a, b, c = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if now == 0 then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
local names = {'full_at', 'paused_until', 'turn', 'level', 'open_until', 'closed_at', 'probe_until'}
local fields, r = {}, {}
for i, name in ipairs(names) do fields[i] = class .. '.' .. name end
for i, value in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do r[names[i]] = tonumber(value or 0) end
local granted, wait = 0, 0
if verb == 'draw' then -- worth (0: no bucket), burst, longest wait
  local at = math.max(now, r.paused_until)
  local full_at, spendable_at = r.full_at, at
  if a > 0 then
    full_at = math.max(r.full_at, at) + a
    spendable_at = math.max(at, full_at - b * a)
  end
  wait = spendable_at - now
  if wait <= c then
    granted = 1
    r.full_at = full_at
  end
elseif verb == 'pause' then -- for how long
  r.paused_until = math.max(r.paused_until, now + a)
elseif verb == 'open' and r.turn == a then -- turn, level, for how long
  r.turn, r.level, r.open_until, r.probe_until = a + 1, b, now + c, 0
elseif verb == 'close' and r.turn == a then -- turn
  r.turn, r.open_until, r.probe_until, r.closed_at = a + 1, 0, 0, now
elseif verb == 'claim' then -- turn, for how long
  if r.turn == a and r.open_until > 0 and r.open_until <= now and r.probe_until <= now then
    granted = 1
    r.probe_until = now + b
  end
end
if verb ~= 'look' then
  local kept = {}
  for i, name in ipairs(names) do
    kept[2 * i - 1], kept[2 * i] = fields[i], string.format('%.0f', r[name])
  end
  redis.call('HSET', KEYS[1], unpack(kept))
  local until_full = math.ceil((r.full_at - now) / 1000)
  redis.call('PEXPIRE', KEYS[1], math.max(until_full, tonumber(ARGV[7])))
end
local is_open = r.open_until > 0 and 1 or 0
return {granted, wait, math.max(0, r.paused_until - now), r.turn, r.level, is_open,
  math.max(0, r.open_until - now), now - r.closed_at, math.max(0, r.probe_until - now)}
"""
DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisRecords(SharedRecords):
    """Keeps records in Redis. Whatever goes wrong there gives None, and a second of peace to both sides."""

    def __init__(
        self,
        connection: RedisConnection,
        *,
        clock: Callable[[], float] = monotonic,
        records_clock: Callable[[], int] = lambda: 0,
    ) -> None:
        """Use this connection; `records_clock` gives microseconds, 0 stands for Redis' own clock."""
        self._connection = connection
        self._clock = clock
        self._records_clock = records_clock
        self._left_alone_until = float("-inf")
        self._is_away = False

    async def draw(self, place: Place, rule: RateLimitRule | None, *, wait_max: int) -> Standing | None:
        """Take a token."""
        rate = None if rule is None else Rate.of(rule)
        worth, burst = (0, 0) if rate is None else (rate.worth, rate.burst)
        return await self._asked(place, "draw", worth, burst, wait_max)

    async def pause(self, place: Place, *, pause: int) -> Standing | None:
        """Have nothing sent for so long."""
        return await self._asked(place, "pause", pause)

    async def open(self, place: Place, *, turn: int, level: int, opens_in: int) -> Standing | None:
        """Open the circuit."""
        return await self._asked(place, "open", turn, level, opens_in)

    async def close(self, place: Place, *, turn: int) -> Standing | None:
        """Close the circuit."""
        return await self._asked(place, "close", turn)

    async def claim(self, place: Place, *, turn: int, lease: int) -> Standing | None:
        """Claim the probe."""
        return await self._asked(place, "claim", turn, lease)

    async def look(self, place: Place) -> Standing | None:
        """Change nothing."""
        return await self._asked(place, "look")

    async def _asked(self, place: Place, verb: str, a: int = 0, b: int = 0, c: int = 0) -> Standing | None:
        if self._is_away and self._clock() < self._left_alone_until:
            return None
        key = f"{PREFIX}:{{{place.account.hex}}}"
        keep = KEEP_SECONDS * 1000
        words: tuple[Word, ...] = (1, key, place.operation_class.value, verb, self._records_clock(), a, b, c, keep)
        try:
            reply = await self._connection.ask("EVALSHA", DIGEST, *words)
            if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT"):
                reply = await self._connection.ask("EVAL", SCRIPT, *words)
            seen = _read(reply)
        except RedisAway as fault:
            self._lose(fault)
            return None
        self._regain()
        return seen

    def _lose(self, fault: RedisAway) -> None:
        self._left_alone_until = self._clock() + PAUSE_SECONDS
        if not self._is_away:
            self._is_away = True
            meaning = "each process guards providers by itself, with its share of the rates"
            get_logger().warning("provider_guard.degraded", cause=str(fault), meaning=meaning)

    def _regain(self) -> None:
        if self._is_away:
            self._is_away = False
            get_logger().info("provider_guard.restored")


def _read(reply: Reply) -> Standing:
    """Read the script's reply. Raises RedisAway for a refusal: a replica, a full memory, a server that is loading."""
    if not isinstance(reply, list):
        raise RedisAway(f"it refused: {reply}")
    granted, wait, paused, turn, level, is_open, opens_in, calm, probing = reply
    return Standing(bool(granted), wait, paused, turn, level, bool(is_open), opens_in, calm, probing)
