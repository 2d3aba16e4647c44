"""Rate limits for the container of whoever answers the outside: counted in Redis, or here while it is away."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.redis.buckets import SharedBuckets
from adapters.redis.connection import RedisConnection
from adapters.redis.rate_limiter import LeasingRateLimiter, NoRateLimiter
from application.ports.limits import Limit, Limits, Quota, RateLimiter
from entrypoints.settings import Settings

STRANGERS_PART = 100
STRANGERS_MIN = 10
"""An address without a valid key may ask a hundredth of what an API key may, at least ten times in a window."""


class RateLimits(Provider):
    """For the API: `make_container(settings, RateLimits())`."""

    scope = Scope.APP

    @provide
    async def limits(self, settings: Settings) -> AsyncIterator[Limits]:
        """Count as the settings say; nothing is connected before somebody asks."""
        shared = SharedBuckets(RedisConnection(settings.redis)) if settings.redis_url else None

        def limit(name: str, count: int) -> Limit:
            quota = Quota(name=name, count=count, window_seconds=settings.rate_limit_window)
            limiter: RateLimiter = NoRateLimiter()
            if settings.rate_limit_count:
                limiter = LeasingRateLimiter(quota, shared=shared, processes=settings.api_processes)
            return Limit(quota, limiter)

        count = settings.rate_limit_count
        strangers = min(count, max(STRANGERS_MIN, count // STRANGERS_PART))
        yield Limits(limit("api-key", count), limit("address", strangers), limit("callbacks", count))
        if shared is not None:
            await shared.close()
