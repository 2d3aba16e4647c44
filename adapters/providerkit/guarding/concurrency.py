"""How many requests may be under way at one account: one more for every round that went well, fewer on overload. Pure.

Additive increase, multiplicative decrease, as congestion is avoided in TCP (RFC 5681).
"""

import msgspec


class ConcurrencyRule(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the limit; it is cut to `cut_share`, once in `cut_seconds`: what was under way failed together."""

    first: int = 16
    least: int = 2
    most: int = 64
    cut_share: float = 0.5
    cut_seconds: float = 2.0


class Concurrency(msgspec.Struct, frozen=True):
    """The limit, and when it was last cut."""

    limit: float
    cut_at: float = float("-inf")

    @property
    def slots(self) -> int:
        """Give how many may be under way."""
        return int(self.limit)

    def grown(self, rule: ConcurrencyRule, *, under_way: int) -> "Concurrency":
        """Count a call that went well; a limit that is not nearly used proves nothing and stays."""
        if under_way * 2 < self.slots:
            return self
        return msgspec.structs.replace(self, limit=min(float(rule.most), self.limit + 1 / self.limit))

    def cut(self, rule: ConcurrencyRule, *, now: float) -> "Concurrency":
        """Count a sign of overload."""
        if now - self.cut_at < rule.cut_seconds:
            return self
        return Concurrency(max(float(rule.least), self.limit * rule.cut_share), now)
