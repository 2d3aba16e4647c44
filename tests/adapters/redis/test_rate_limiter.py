"""Rates are limited over all processes, exactly up to the stated leases, and Redis is never needed to answer."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from adapters.redis.buckets import LocalBuckets, SharedBuckets, worth_of
from adapters.redis.connection import RedisConnection
from adapters.redis.rate_limiter import LEASE_SECONDS, LeasingRateLimiter, NoRateLimiter, lease_max
from application.ports.limits import Quota, RateLimiter, Verdict
from tests.adapters.redis.conftest import Open

SLOW = Quota(name="slow", count=10, window_seconds=3_600)
FAST = Quota(name="fast", count=20_000, window_seconds=3_600)


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def allowed(limiter: RateLimiter, times: int, *, subject: str = "key", together: int = 50) -> int:
    """Take tokens one at a time, many at once, and count how often it was allowed."""

    async def some(share: int) -> int:
        return sum([(await limiter.take(subject)).allowed for _ in range(share)])

    shares = [times // together + (number < times % together) for number in range(together)]
    return sum(await asyncio.gather(*map(some, shares)))


async def test_of_200_requests_over_4_processes_exactly_10_are_allowed(processes: Open) -> None:
    counts = await asyncio.gather(*(allowed(processes(SLOW), 50) for _ in range(4)))

    assert sum(counts) == SLOW.count


async def test_processes_together_never_let_more_through_than_the_limit_and_their_leases(processes: Open) -> None:
    began = time.monotonic()
    counts = await asyncio.gather(*(allowed(processes(FAST), 15_000) for _ in range(4)))
    took = time.monotonic() - began

    refilled = FAST.count * (took + 1) / FAST.window_seconds
    assert sum(counts) <= FAST.count + refilled + 4 * lease_max(FAST)
    assert sum(counts) >= FAST.count - 4 * lease_max(FAST)


async def test_leases_spare_redis(processes: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, draw, calls = processes(FAST), SharedBuckets.draw, 0

    async def counted(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return await draw(*given, **named)

    # Not by the server's own statistics: other tests use the same server.
    monkeypatch.setattr(SharedBuckets, "draw", counted)

    assert await allowed(limiter, 5_000) == 5_000
    assert 1 <= calls < 5_000 / lease_max(FAST) + 50


async def test_subjects_are_counted_apart(processes: Open) -> None:
    limiter = processes(SLOW)

    assert [await allowed(limiter, 20, subject=name) for name in ("one", "two")] == [10, 10]


async def test_a_refusal_says_when_to_come_again_and_is_then_true(processes: Open) -> None:
    limiter = processes(Quota(name="short", count=2, window_seconds=2))
    assert await allowed(limiter, 2) == 2

    refused = await limiter.take("key")
    await asyncio.sleep(refused.retry_after_seconds + 0.05)

    assert (refused.allowed, refused.limit, refused.remaining) == (False, 2, 0)
    assert refused.retry_after_seconds == refused.reset_seconds == 1
    assert (await limiter.take("key")).allowed


async def test_who_is_refused_is_refused_again_without_asking_redis(processes: Open, redis_url: str) -> None:
    limiter = processes(SLOW)
    await allowed(limiter, 11)
    redis.Redis.from_url(redis_url).flushdb()

    again = limiter.spend("key")

    assert again is not None
    assert not again.allowed


async def test_what_is_left_is_told(processes: Open) -> None:
    limiter = processes(SLOW)

    told = [(await limiter.take("key")).remaining for _ in range(3)]

    assert told == [9, 8, 7]
    assert (await limiter.take("other")).reset_seconds == 360


async def test_a_cost_is_taken_whole_or_not_at_all(processes: Open) -> None:
    limiter = processes(SLOW)

    outcomes = [(await limiter.take("key", cost)).allowed for cost in (8, 3, 2, 1)]

    assert outcomes == [True, False, True, False]


async def test_a_cost_above_the_limit_is_the_whole_limit(processes: Open) -> None:
    limiter = processes(SLOW)

    assert (await limiter.take("key", 1_000)).allowed
    assert not (await limiter.take("key")).allowed


async def test_what_is_given_back_can_be_taken_again(processes: Open) -> None:
    limiter, other = processes(SLOW), processes(SLOW)
    for _ in range(50):
        assert (await limiter.take("key")).allowed
        limiter.give_back("key")

    assert await allowed(limiter, 20) + await allowed(other, 20) == SLOW.count


async def test_a_lease_that_was_not_spent_goes_back_in_time(processes: Open) -> None:
    clock = Clock()
    limiter, other = processes(FAST, clock=clock), processes(FAST)
    await allowed(limiter, 500, together=1)
    assert limiter._leases["key"].left > 0

    clock.now += LEASE_SECONDS
    assert limiter.spend("key") is None
    await limiter.take("key")

    left = limiter._leases["key"].left
    assert 501 + left + await allowed(other, 25_000) == pytest.approx(FAST.count, abs=lease_max(FAST))


async def test_what_is_returned_is_there_again_and_never_more_than_a_full_bucket(connection: RedisConnection) -> None:
    buckets = SharedBuckets(connection)

    draws = [
        await buckets.draw(SLOW, "key", need=1, want=want, returned=returned)
        for want, returned in ((8, 0), (1, 7), (1, 0), (10, 500))
    ]

    assert [(draw.granted, draw.remaining) for draw in draws if draw] == [(8, 2), (1, 8), (1, 7), (10, 0)]


async def test_a_script_that_redis_forgot_is_sent_again(processes: Open, redis_url: str) -> None:
    limiter = processes(SLOW)
    await limiter.take("one")
    server = redis.Redis.from_url(redis_url)
    server.script_flush()
    server.close()

    assert await allowed(limiter, 20, subject="two") == SLOW.count


async def test_buckets_leave_nothing_behind(processes: Open, redis_url: str) -> None:
    limiter = processes(Quota(name="brief", count=100, window_seconds=60))
    await limiter.take("key", 100)

    server = redis.Redis.from_url(redis_url)
    [name] = server.keys("*")
    lives = server.pttl(name)
    server.close()

    assert 0 < lives <= 60_000


def _degrading(url: str, quota: Quota, *, processes: int = 1) -> tuple[LeasingRateLimiter, RedisConnection]:
    connection = RedisConnection(url)
    return LeasingRateLimiter(quota, shared=SharedBuckets(connection), processes=processes), connection


async def test_without_redis_each_process_lets_its_share_through_and_says_so_once(
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    limiter, connection = _degrading("redis://127.0.0.1:1/0", SLOW, processes=2)

    count = await allowed(limiter, 200)

    await connection.close()
    assert count == SLOW.count / 2
    assert [line["message"] for line in logged()] == ["rate_limit.degraded"]


async def test_a_redis_that_says_nothing_costs_little_time(mute: str, logged: Callable[[], list[Any]]) -> None:
    limiter, connection = _degrading(mute, FAST)
    await limiter.take("key")
    began = time.monotonic()

    count = await allowed(limiter, 2_000)

    took = time.monotonic() - began
    await connection.close()
    assert count == 2_000
    assert took < 1
    assert len(logged()) == 1


async def test_when_redis_comes_back_it_counts_again_and_says_so(
    redis_url: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    clock = Clock()
    connection = RedisConnection(redis_url, answer_seconds=5)
    limiter = LeasingRateLimiter(SLOW, shared=SharedBuckets(connection, clock=clock), processes=1, clock=clock)
    await limiter.take("key")
    with_fault = connection._link
    assert with_fault is not None
    with_fault.lose("the test cut it")
    await limiter.take("key")

    clock.now += 2
    deadline = time.monotonic() + 10
    while len(logged()) < 2:
        assert time.monotonic() < deadline
        await limiter.take("key", 10)
        clock.now += 2
        await asyncio.sleep(0.01)

    await connection.close()
    assert [line["message"] for line in logged()] == ["rate_limit.degraded", "rate_limit.restored"]


async def test_a_redis_that_refuses_the_script_counts_as_away(
    processes: Open, redis_url: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    server = redis.Redis.from_url(redis_url)
    limiter = processes(SLOW)
    await limiter.take("a")
    server.set(f"fm:limit:slow:10:3600:{'key'}", "no number")
    server.close()

    assert await allowed(limiter, 20) == SLOW.count
    assert [line["message"] for line in logged()] == ["rate_limit.degraded"]


async def test_no_limit_lets_everything_through() -> None:
    limiter = NoRateLimiter()

    assert (
        await limiter.take("key", 10**9)
        == limiter.spend("key")
        == Verdict(allowed=True, limit=0, remaining=0, reset_seconds=0, retry_after_seconds=0)
    )


@given(
    count=st.integers(1, 50),
    window=st.integers(1, 100),
    asked=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), max_size=60),
)
def test_in_no_time_more_is_drawn_than_a_full_bucket_and_its_refill(
    count: int, window: int, asked: list[tuple[float, int]]
) -> None:
    clock, quota = Clock(), Quota(name="any", count=count, window_seconds=window)
    buckets = LocalBuckets(quota, processes=1, clock=clock)
    drawn: list[tuple[float, int]] = []

    for pause, cost in asked:
        clock.now += pause
        draw = buckets.draw("key", need=cost)
        drawn.append((clock.now, draw.granted))
        assert 0 <= draw.remaining <= count
        assert (draw.granted == 0) == (draw.wait_seconds > 0)

    for first, (start, _) in enumerate(drawn):
        for last in range(first, len(drawn)):
            total = sum(granted for _, granted in drawn[first : last + 1])
            assert total <= count + (drawn[last][0] - start) * 1_000_000 / worth_of(quota) + 1


@given(count=st.integers(1, 20), window=st.integers(1, 100), cost=st.integers(1, 20))
def test_after_the_time_that_was_told_the_bucket_gives(count: int, window: int, cost: int) -> None:
    clock = Clock()
    buckets = LocalBuckets(Quota(name="any", count=count, window_seconds=window), processes=1, clock=clock)
    while (draw := buckets.draw("key", need=cost)).granted:
        pass

    clock.now += draw.wait_seconds - 0.001
    early = buckets.draw("key", need=cost)
    clock.now += 0.001002

    assert early.granted == 0
    assert buckets.draw("key", need=cost).granted == min(cost, count)
