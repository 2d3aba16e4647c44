"""What all processes share of one provider account and operation class, and how it changes: a bucket and a circuit.

Pure: the time comes in, in microseconds of whoever keeps the record. `adapters/redis/provider_guards.py` says the same
in Lua, and one suite holds both to it.
"""

import msgspec

from domain.manifests import RateLimitRule

MICROSECONDS = 1_000_000


class Rate(msgspec.Struct, frozen=True):
    """A token bucket: it holds `burst` tokens, and gains one in `worth` microseconds (GCRA)."""

    worth: int
    burst: int

    @classmethod
    def of(cls, rule: RateLimitRule, *, processes: int = 1) -> "Rate":
        """Give the bucket of a rule, or one process' share of it. A rate that is no whole number is a little lower."""
        worth = max(1, -int(-MICROSECONDS * processes // rule.per_second))
        return cls(worth, max(1, rule.burst // processes))


class Record(msgspec.Struct, frozen=True):
    """One bucket and one circuit.

    `full_at` is when the bucket would be full again; before `paused_until` the provider wants nothing. The circuit is
    open when `open_until` is not 0, and half open once that is over. `turn` counts its changes, so that who saw an
    older one changes nothing; `level` how often it opened without calm in between; `closed_at` is when it closed last.
    """

    full_at: int = 0
    paused_until: int = 0
    turn: int = 0
    level: int = 0
    open_until: int = 0
    closed_at: int = 0
    probe_until: int = 0


class Standing(msgspec.Struct, frozen=True):
    """A record as of now, in microseconds from now: what was asked for is `granted` after `wait`, or refused.

    `opens_in` is how long an open circuit stays shut to everything; 0 with `is_open` is half open.
    """

    granted: bool = False
    wait: int = 0
    paused: int = 0
    turn: int = 0
    level: int = 0
    is_open: bool = False
    opens_in: int = 0
    calm: int = 0
    probing: int = 0


def drawn(record: Record, rate: Rate | None, *, now: int, wait_max: int) -> tuple[Record, Standing]:
    """Take a token that may be spent after a wait of at most `wait_max`; whether the circuit is open is only told.

    The bucket is counted from the end of a pause on, so that what waits for that does not go out in one heap.
    """
    at = max(now, record.paused_until)
    full_at, spendable_at = record.full_at, at
    if rate is not None:
        full_at = max(record.full_at, at) + rate.worth
        spendable_at = max(at, full_at - rate.burst * rate.worth)
    wait = spendable_at - now
    if wait > wait_max:
        return record, standing(record, now=now, wait=wait)
    record = msgspec.structs.replace(record, full_at=full_at)
    return record, standing(record, now=now, granted=True, wait=wait)


def paused(record: Record, *, now: int, pause: int) -> Record:
    """Send nothing for so long; a shorter pause does not end a longer one."""
    return msgspec.structs.replace(record, paused_until=max(record.paused_until, now + pause))


def opened(record: Record, *, now: int, turn: int, level: int, opens_in: int) -> Record:
    """Open the circuit, unless it changed since `turn` was seen."""
    if record.turn != turn:
        return record
    return msgspec.structs.replace(record, turn=turn + 1, level=level, open_until=now + opens_in, probe_until=0)


def closed(record: Record, *, now: int, turn: int) -> Record:
    """Close the circuit, unless it changed since `turn` was seen."""
    if record.turn != turn:
        return record
    return msgspec.structs.replace(record, turn=turn + 1, open_until=0, probe_until=0, closed_at=now)


def claimed(record: Record, *, now: int, turn: int, lease: int) -> tuple[Record, Standing]:
    """Claim the one probe of a half-open circuit for as long as it may take."""
    is_free = record.turn == turn and 0 < record.open_until <= now and record.probe_until <= now
    if is_free:
        record = msgspec.structs.replace(record, probe_until=now + lease)
    return record, standing(record, now=now, granted=is_free)


def standing(record: Record, *, now: int, granted: bool = False, wait: int = 0) -> Standing:
    """Give what a record says now."""
    return Standing(
        granted=granted,
        wait=wait,
        paused=max(0, record.paused_until - now),
        turn=record.turn,
        level=record.level,
        is_open=record.open_until > 0,
        opens_in=max(0, record.open_until - now),
        calm=now - record.closed_at,
        probing=max(0, record.probe_until - now),
    )
