"""Limits rates over all processes with leases: tokens are drawn several at a time, and spent without asking anybody."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import Final

from adapters.redis.buckets import SUBJECTS_MAX, LocalBuckets, SharedBuckets
from application.ports.limits import Quota, RateLimiter, Verdict

LEASE_SECONDS: Final = 1.0
"""How long drawn tokens may be spent; what is left then goes back into the bucket."""

LEASE_PART: Final = 1_000
LEASE_MAX: Final = 1_000
"""A lease is at most a thousandth of the quota, and at most so many tokens: of a quota below 2,000, exactly what is
asked for. So whatever k processes do, a subject gets at most k thousandths of its quota more than the bucket gives."""

GROWTH: Final = 4


def lease_max(quota: Quota) -> int:
    """Give the most tokens that one process may hold unspent, beyond those that somebody waits for."""
    return max(1, min(LEASE_MAX, quota.count // LEASE_PART))


class _Lease:
    """What this process holds of one bucket, and what it knows of it. Times are those of its own clock."""

    __slots__ = (
        *("drawing", "drawn", "full_at", "left", "refused_cost", "refused_until", "remaining", "size", "until"),
        "waiting",
    )

    def __init__(self) -> None:
        self.left = 0
        self.drawn = 0
        self.until = float("-inf")
        self.size = 1
        self.remaining = 0
        self.full_at = 0.0
        self.refused_until = float("-inf")
        self.refused_cost = 0
        self.waiting: list[int] = []
        self.drawing: asyncio.Task[bool] | None = None


class LeasingRateLimiter(RateLimiter):
    """Draws from the shared buckets, and from its own while those are away."""

    def __init__(
        self, quota: Quota, *, shared: SharedBuckets | None, processes: int, clock: Callable[[], float] = monotonic
    ) -> None:
        """Limit by this quota; `processes` share it while each is on its own."""
        self._quota = quota
        self._shared = shared
        self._local = LocalBuckets(quota, processes=processes, clock=clock)
        self._clock = clock
        self._lease_max = lease_max(quota)
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    def spend(self, subject: str, cost: int = 1) -> Verdict | None:
        """Spend of the lease, or refuse as long as the bucket is known to be empty; None when it has to be asked."""
        lease = self._leases.get(subject)
        if lease is None:
            return None
        now = self._clock()
        if lease.left >= cost and now < lease.until:
            lease.left -= cost
            return self._allowed(lease.remaining + lease.left, lease.full_at - now)
        if now < lease.refused_until and cost >= lease.refused_cost:
            return self._refused(lease.refused_until - now)
        return None

    async def take(self, subject: str, cost: int = 1) -> Verdict:
        """Spend, drawing as often as it needs. What comes while a draw is under way waits for it."""
        cost = min(cost, self._quota.count)
        lease = self._lease_of(subject)
        while (verdict := self.spend(subject, cost)) is None:
            if self._shared is None or self._shared.is_resting:
                return self._take_locally(subject, cost)
            lease.waiting.append(cost)
            if lease.drawing is None:
                lease.drawing = asyncio.create_task(self._draw(self._shared, subject, lease))
            if not await asyncio.shield(lease.drawing):
                return self._take_locally(subject, cost)
        return verdict

    def give_back(self, subject: str, cost: int = 1) -> None:
        """Put tokens back into the lease, and with what is left of it into the bucket; too late, and they are lost."""
        lease = self._leases.get(subject)
        if lease is not None and self._clock() < lease.until:
            lease.left += cost

    def _lease_of(self, subject: str) -> _Lease:
        lease = self._leases.get(subject)
        if lease is None:
            lease = self._leases[subject] = _Lease()
            if len(self._leases) > SUBJECTS_MAX:
                self._leases.popitem(last=False)
        return lease

    async def _draw(self, shared: SharedBuckets, subject: str, lease: _Lease) -> bool:
        """Draw for all who wait, and in advance; False when the shared buckets are away."""
        need, wanted = max(lease.waiting), sum(lease.waiting)
        lease.waiting.clear()
        returned, lease.left = lease.left, 0
        lease.size = self._next_size(lease, returned)
        want = min(max(wanted, lease.size), self._quota.count)
        try:
            draw = await shared.draw(self._quota, subject, need=need, want=want, returned=returned)
        finally:
            lease.drawing = None
        if draw is None:
            return False
        now = self._clock()
        lease.left = lease.drawn = draw.granted
        lease.until = now + LEASE_SECONDS
        lease.remaining, lease.full_at = draw.remaining, now + draw.full_in_seconds
        lease.refused_cost, lease.refused_until = need, now + draw.wait_seconds
        if subject in self._leases:
            self._leases.move_to_end(subject)
        return True

    def _next_size(self, lease: _Lease, returned: int) -> int:
        """Draw more after a lease that was spent in time, and as much as was spent after one that was not."""
        if self._clock() < lease.until:
            return min(lease.size * GROWTH, self._lease_max)
        return max(1, min(lease.drawn - returned, self._lease_max))

    def _take_locally(self, subject: str, cost: int) -> Verdict:
        draw = self._local.draw(subject, need=cost)
        if draw.granted:
            return self._allowed(draw.remaining, draw.full_in_seconds)
        return self._refused(draw.wait_seconds)

    def _allowed(self, remaining: int, full_in_seconds: float) -> Verdict:
        return Verdict(True, self._quota.count, remaining, ceil(max(0.0, full_in_seconds)), 0)  # noqa: FBT003 -- the field's name says it

    def _refused(self, wait_seconds: float) -> Verdict:
        # Retry-After is not earlier than the reset that is told (draft-ietf-httpapi-ratelimit-headers, section 5).
        wait = max(1, ceil(wait_seconds))
        return Verdict(False, self._quota.count, 0, wait, wait)  # noqa: FBT003 -- the field's name says it


class NoRateLimiter(RateLimiter):
    """Limits nothing: for an operator who limits elsewhere."""

    _GO_ON: Final = Verdict(allowed=True, limit=0, remaining=0, reset_seconds=0, retry_after_seconds=0)

    def spend(self, subject: str, cost: int = 1) -> Verdict:  # noqa: ARG002 -- the port's signature
        """Let everybody go on."""
        return self._GO_ON

    async def take(self, subject: str, cost: int = 1) -> Verdict:  # noqa: ARG002 -- the port's signature
        """Let everybody go on."""
        return self._GO_ON

    def give_back(self, subject: str, cost: int = 1) -> None:
        """Nothing was taken."""
