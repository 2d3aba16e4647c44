"""Counters, gauges and histograms: what is measured, under which labels, and where it is written."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from adapters.telemetry.shared_cells import Slot

Labels = tuple[str | int, ...]
"""Values of labels, in the order of their names. Only words of ours: no identifier, no tenant, nothing from callers."""

LABEL_MAX: Final = 100


class Merge(Enum):
    """What several processes' numbers make together."""

    COUNTED = "added, also of processes that have ended"
    ADDED = "added, of processes that live"
    WORST = "the highest, of processes that live"


_slot: list[Slot | None] = [None]
"""Where this process writes; nowhere before `write_to`."""

_families: dict[str, "Family"] = {}


def write_to(slot: Slot | None) -> None:
    """Write to this slot from now on, or nowhere. What an earlier owner left of gauges is cleared."""
    _slot[0] = slot
    for family in _families.values():
        family.forget_places()
    if slot is not None:
        for name, _ in list(slot.series()):
            family_name, _ = read_key(name)
            if family_name in _families and _families[family_name].merge is not Merge.COUNTED:
                slot.clear(name)


def is_written() -> bool:
    """Tell whether metrics are kept at all."""
    return _slot[0] is not None


def families() -> Iterator["Family"]:
    """Give every family that was declared, by name."""
    return iter([_families[name] for name in sorted(_families)])


def read_key(key: bytes) -> tuple[str, tuple[str, ...]]:
    """Read the name that a series has in memory: its family, and the values of its labels."""
    name, *values = msgspec.json.decode(key, type=list[str])
    return name, tuple(values)


class Family:
    """One metric with all its series. Declare it once, at the top of a module."""

    kind = "gauge"
    width = 1

    def __init__(self, name: str, meaning: str, *labels: str, merge: Merge = Merge.COUNTED) -> None:
        """Declare a metric; `meaning` is told to whoever reads it. Raises ValueError for a name that is taken."""
        if name in _families:
            raise ValueError(f"the metric {name} is declared twice")
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.merge = merge
        self._places: dict[Labels, int] = {}
        _families[name] = self

    def forget_places(self) -> None:
        """Look for the places anew."""
        self._places.clear()

    def _place(self, slot: Slot, values: Labels) -> int:
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {values}")
        key = msgspec.json.encode([self.name, *(str(value)[:LABEL_MAX] for value in values)])
        at = self._places[values] = slot.place(key, self.width)
        return at


class Counter(Family):
    """A number that only grows."""

    kind = "counter"

    def add(self, values: Labels = (), amount: float = 1.0) -> None:
        """Add to the series of these labels."""
        slot = _slot[0]
        if slot is not None:
            at = self._places.get(values)
            slot.cells[self._place(slot, values) if at is None else at] += amount


class Gauge(Family):
    """A number that rises and falls; of processes that live, `merge` says how."""

    def __init__(self, name: str, meaning: str, *labels: str, merge: Merge = Merge.ADDED) -> None:
        """Declare it; see `Family`."""
        super().__init__(name, meaning, *labels, merge=merge)

    def add(self, values: Labels = (), amount: float = 1.0) -> None:
        """Let it rise by an amount, or fall by a negative one."""
        slot = _slot[0]
        if slot is not None:
            at = self._places.get(values)
            slot.cells[self._place(slot, values) if at is None else at] += amount

    def set(self, values: Labels, number: float) -> None:
        """Say what it is now."""
        slot = _slot[0]
        if slot is not None:
            at = self._places.get(values)
            slot.cells[self._place(slot, values) if at is None else at] = number


class Histogram(Family):
    """How often a number was in which range. In memory: the sum, then how many were in each range by itself."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, *labels: str, bounds: Sequence[float]) -> None:
        """Declare it with the upper, included bounds of its ranges, which rise; one without a bound is added."""
        super().__init__(name, meaning, *labels)
        self.bounds = tuple(float(bound) for bound in bounds)
        self.width = len(self.bounds) + 2

    def observe(self, values: Labels, number: float) -> None:
        """Count one number."""
        slot = _slot[0]
        if slot is not None:
            at = self._places.get(values)
            if at is None:
                at = self._place(slot, values)
            cells = slot.cells
            cells[at] += number
            cells[at + 1 + bisect_left(self.bounds, number)] += 1.0
