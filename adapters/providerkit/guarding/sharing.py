"""Where the records of all provider accounts are kept: for all processes, or in this one alone."""

from collections.abc import Callable
from time import monotonic
from typing import Protocol
from uuid import UUID

import msgspec

from adapters.providerkit.guarding.records import (
    MICROSECONDS,
    Rate,
    Record,
    Standing,
    claimed,
    closed,
    drawn,
    opened,
    paused,
    standing,
)
from domain.manifests import OperationClass, RateLimitRule


class Place(msgspec.Struct, frozen=True):
    """One provider account and one class of operations: what is limited and guarded by itself."""

    account: UUID
    operation_class: OperationClass


class SharedRecords(Protocol):
    """Keeps a record for each place. Times are microseconds. None: they cannot be had now, and nothing is known."""

    async def draw(self, place: Place, rule: RateLimitRule | None, *, wait_max: int) -> Standing | None:
        """Take a token, as `records.drawn` does; without a rule only pause and circuit count."""
        ...

    async def pause(self, place: Place, *, pause: int) -> Standing | None:
        """Have nothing sent for so long."""
        ...

    async def open(self, place: Place, *, turn: int, level: int, opens_in: int) -> Standing | None:
        """Open the circuit, as `records.opened` does."""
        ...

    async def close(self, place: Place, *, turn: int) -> Standing | None:
        """Close the circuit, as `records.closed` does."""
        ...

    async def claim(self, place: Place, *, turn: int, lease: int) -> Standing | None:
        """Claim the probe, as `records.claimed` does."""
        ...

    async def look(self, place: Place) -> Standing | None:
        """Change nothing."""
        ...


class LocalRecords:
    """Records of this process alone: the same promises, by its own clock and with its share of each rate."""

    def __init__(self, *, processes: int = 1, clock: Callable[[], float] = monotonic) -> None:
        """Share each rate among so many processes."""
        self._processes = processes
        self._clock = clock
        self._records: dict[Place, Record] = {}

    def draw(self, place: Place, rule: RateLimitRule | None, *, wait_max: int) -> Standing:
        """Take a token of this process' share."""
        rate = None if rule is None else Rate.of(rule, processes=self._processes)
        return self._kept(place, *drawn(self._record(place), rate, now=self._now(), wait_max=wait_max))

    def pause(self, place: Place, *, pause: int) -> Standing:
        """Have nothing sent for so long."""
        return self._told(place, paused(self._record(place), now=self._now(), pause=pause))

    def open(self, place: Place, *, turn: int, level: int, opens_in: int) -> Standing:
        """Open the circuit."""
        record = opened(self._record(place), now=self._now(), turn=turn, level=level, opens_in=opens_in)
        return self._told(place, record)

    def close(self, place: Place, *, turn: int) -> Standing:
        """Close the circuit."""
        return self._told(place, closed(self._record(place), now=self._now(), turn=turn))

    def claim(self, place: Place, *, turn: int, lease: int) -> Standing:
        """Claim the probe."""
        return self._kept(place, *claimed(self._record(place), now=self._now(), turn=turn, lease=lease))

    def look(self, place: Place) -> Standing:
        """Tell what is known."""
        return standing(self._record(place), now=self._now())

    def learn(self, place: Place, seen: Standing) -> None:
        """Take over what all processes know, so that it is still known here when they cannot be asked.

        A pause that is known here goes on, whatever they say: they may have forgotten it.
        """
        now = self._now()
        mine = self._record(place)
        self._records[place] = Record(
            full_at=mine.full_at,
            paused_until=max(mine.paused_until, now + seen.paused) if seen.paused else mine.paused_until,
            turn=seen.turn,
            level=seen.level,
            open_until=max(1, now + seen.opens_in) if seen.is_open else 0,
            closed_at=now - seen.calm,
            probe_until=now + seen.probing if seen.probing else 0,
        )

    def _record(self, place: Place) -> Record:
        return self._records.get(place, Record())

    def _kept(self, place: Place, record: Record, seen: Standing) -> Standing:
        self._records[place] = record
        return seen

    def _told(self, place: Place, record: Record) -> Standing:
        return self._kept(place, record, standing(record, now=self._now()))

    def _now(self) -> int:
        return int(self._clock() * MICROSECONDS)
