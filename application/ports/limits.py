"""How often somebody may ask."""

from typing import Protocol

import msgspec


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket of `count` tokens that refills evenly, `count` in `window_seconds`; `name` is the policy's, for callers.

    In any time t a subject gets at most `count * (1 + t / window_seconds)` tokens, and the stated lease error.
    """

    name: str
    count: int
    window_seconds: int


class Verdict(msgspec.Struct, frozen=True):
    """Whether somebody may go on, and what is left. `limit` is 0 where nothing is limited."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int


class RateLimiter(Protocol):
    """Counts what each subject takes from a quota, over all processes.

    It never fails and never waits long: without its store it counts in this process alone, by its share of the quota.
    A cost above the quota's count is one of the whole count.
    """

    def spend(self, subject: str, cost: int = 1) -> Verdict | None:
        """Take tokens when this process can tell by itself; None when it has to ask: then `take`."""
        ...

    async def take(self, subject: str, cost: int = 1) -> Verdict:
        """Take tokens, all or none."""
        ...

    def give_back(self, subject: str, cost: int = 1) -> None:
        """Give back tokens that were taken for what then need not have been counted."""
        ...


class Limit(msgspec.Struct, frozen=True):
    """A quota with the limiter that counts it."""

    quota: Quota
    limiter: RateLimiter


class Limits(msgspec.Struct, frozen=True):
    """The quotas of the API: of each API key, of each address without one, of each address that sends callbacks."""

    callers: Limit
    strangers: Limit
    providers: Limit
