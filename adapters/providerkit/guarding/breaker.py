"""When a circuit opens, and for how long: on a share of technical failures in a rolling window. Pure."""

import msgspec

SLOTS = 6


class BreakerRule(msgspec.Struct, frozen=True, kw_only=True):
    """Opens when at least `calls_min` calls of the last `window_seconds` ended, and so large a share of them failed.

    It stays open for `open_seconds`, twice as long each time that it opens again without `calm_seconds` in between,
    and never longer than `open_seconds_max`; a part of that is left to chance, so that processes come back apart.
    """

    window_seconds: float = 30.0
    calls_min: int = 5
    failure_share: float = 0.5
    open_seconds: float = 5.0
    open_seconds_max: float = 120.0
    calm_seconds: float = 300.0
    chance_share: float = 0.25

    def open_for(self, level: int, *, chance: float) -> float:
        """Give how long to stay open at a level, in seconds; `chance` is between 0 and 1."""
        seconds = min(self.open_seconds * 2.0 ** min(level, 16), self.open_seconds_max)
        return seconds * (1 - self.chance_share * chance)


class Slot(msgspec.Struct, frozen=True):
    """What happened in one part of the window."""

    number: int
    calls: int = 0
    failures: int = 0


class Window(msgspec.Struct, frozen=True):
    """How the calls of the last seconds ended, counted in a few slots; the oldest slot is dropped as a whole."""

    slots: tuple[Slot, ...] = ()

    def after(self, rule: BreakerRule, *, failed: bool, now: float) -> "Window":
        """Count one call that ended."""
        number = self._number(rule, now)
        kept = self._within(rule, now)
        last = kept[-1] if kept and kept[-1].number == number else Slot(number)
        earlier = kept[:-1] if kept and kept[-1].number == number else kept
        return Window((*earlier, Slot(number, last.calls + 1, last.failures + failed)))

    def calls(self, rule: BreakerRule, *, now: float) -> int:
        """Give how many calls ended."""
        return sum(slot.calls for slot in self._within(rule, now))

    def failures(self, rule: BreakerRule, *, now: float) -> int:
        """Give how many of them failed technically."""
        return sum(slot.failures for slot in self._within(rule, now))

    def trips(self, rule: BreakerRule, *, now: float) -> bool:
        """Whether that opens the circuit."""
        calls = self.calls(rule, now=now)
        return calls >= rule.calls_min and self.failures(rule, now=now) >= rule.failure_share * calls

    def _within(self, rule: BreakerRule, now: float) -> tuple[Slot, ...]:
        oldest = self._number(rule, now) - SLOTS
        return tuple(slot for slot in self.slots if slot.number > oldest)

    @staticmethod
    def _number(rule: BreakerRule, now: float) -> int:
        return int(now * SLOTS // rule.window_seconds)
