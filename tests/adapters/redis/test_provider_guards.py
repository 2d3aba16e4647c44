"""Records in Redis change as the pure ones do, are one for all processes, and give None when Redis is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.providerkit.guarding.records import MICROSECONDS
from adapters.providerkit.guarding.sharing import LocalRecords, Place, SharedRecords
from adapters.redis.connection import RedisConnection, Reply, Word
from adapters.redis.provider_guards import DIGEST, PAUSE_SECONDS, RedisRecords
from domain.manifests import OperationClass, RateLimitRule
from tests.adapters.redis.conftest import PATIENT_SECONDS

SECOND = MICROSECONDS
PLACE = Place(UUID(int=7), OperationClass.MONEY)
RULE = RateLimitRule(operation_class=OperationClass.MONEY, per_second=1.0, burst=2)

SPANS = st.integers(0, 3 * SECOND)
TURNS = st.integers(0, 4)
STEPS = st.lists(
    st.tuples(
        SPANS,
        st.sampled_from(OperationClass),
        st.one_of(
            st.tuples(st.just("draw"), st.none() | st.just(RULE), SPANS),
            st.tuples(st.just("pause"), SPANS),
            st.tuples(st.just("open"), TURNS, st.integers(0, 5), SPANS),
            st.tuples(st.just("close"), TURNS),
            st.tuples(st.just("claim"), TURNS, SPANS),
            st.tuples(st.just("look")),
        ),
    ),
    max_size=25,
)


class Time:
    """A clock in whole microseconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def seconds(self) -> float:
        return self.now / SECOND


async def do(records: SharedRecords | LocalRecords, place: Place, step: tuple[Any, ...]) -> object:
    """Do one step with whoever keeps the records."""
    match step:
        case ("draw", rule, wait_max):
            said = records.draw(place, rule, wait_max=wait_max)
        case ("pause", pause):
            said = records.pause(place, pause=pause)
        case ("open", turn, level, opens_in):
            said = records.open(place, turn=turn, level=level, opens_in=opens_in)
        case ("close", turn):
            said = records.close(place, turn=turn)
        case ("claim", turn, lease):
            said = records.claim(place, turn=turn, lease=lease)
        case _:
            said = records.look(place)
    return await said if asyncio.iscoroutine(said) else said


class WholeMicroseconds(LocalRecords):
    """The pure records, by a clock that is not rounded."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def _now(self) -> int:
        return self._time.now


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, account=st.uuids())
async def test_the_script_says_what_the_pure_records_say(
    connection: RedisConnection, steps: list[tuple[int, OperationClass, tuple[Any, ...]]], account: UUID
) -> None:
    time = Time()
    shared, pure = RedisRecords(connection, records_clock=lambda: time.now), WholeMicroseconds(time)
    # A history that an earlier example left behind belongs to another account, or is taken away.
    await connection.ask("DEL", f"fm:guard:{{{account.hex}}}")
    for passed, each, step in steps:
        time.now += passed
        place = Place(account, each)
        assert await do(shared, place, step) == await do(pure, place, step)


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[tuple[RedisRecords, RedisRecords]]:
    """The records as two processes have them, by Redis' own clock."""
    connections = [RedisConnection(redis_url, answer_seconds=PATIENT_SECONDS) for _ in range(2)]
    yield RedisRecords(connections[0]), RedisRecords(connections[1])
    for one in connections:
        await one.close()


async def test_tokens_and_circuits_are_one_for_all_processes(two: tuple[RedisRecords, RedisRecords]) -> None:
    slow = RateLimitRule(operation_class=OperationClass.MONEY, per_second=0.01, burst=3)
    draws = await asyncio.gather(*(one.draw(PLACE, slow, wait_max=0) for one in two for _ in range(5)))
    await two[0].open(PLACE, turn=0, level=0, opens_in=60 * SECOND)
    seen = await two[1].look(PLACE)

    assert sum(one.granted for one in draws if one is not None) == 3
    assert None not in draws
    assert seen is not None
    assert seen.is_open
    assert 0 < seen.opens_in <= 60 * SECOND


async def test_one_of_many_gets_the_probe(two: tuple[RedisRecords, RedisRecords]) -> None:
    await two[0].open(PLACE, turn=0, level=0, opens_in=0)

    claims = await asyncio.gather(*(one.claim(PLACE, turn=1, lease=60 * SECOND) for one in two for _ in range(10)))

    assert sum(one.granted for one in claims if one is not None) == 1


async def test_an_account_is_one_key_that_goes_away_by_itself(
    two: tuple[RedisRecords, RedisRecords], connection: RedisConnection
) -> None:
    for each in OperationClass:
        await two[0].draw(Place(PLACE.account, each), RULE, wait_max=0)

    keys = await connection.ask("KEYS", "fm:guard:*")
    assert keys == [f"fm:guard:{{{PLACE.account.hex}}}".encode()]
    assert isinstance(keys, list)
    lives = await connection.ask("PTTL", keys[0])
    assert isinstance(lives, int)
    assert 3_500_000 < lives <= 3_600_000


async def test_a_script_that_redis_forgot_is_told_again(
    two: tuple[RedisRecords, RedisRecords], connection: RedisConnection
) -> None:
    await connection.ask("SCRIPT", "FLUSH")
    assert await connection.ask("SCRIPT", "EXISTS", DIGEST) == [0]

    assert await two[0].look(PLACE) is not None
    assert await connection.ask("SCRIPT", "EXISTS", DIGEST) == [1]


class Counting(RedisConnection):
    """Counts how often Redis was asked."""

    asked = 0

    async def ask(self, *words: Word) -> Reply:
        self.asked += 1
        return await super().ask(*words)


async def test_while_redis_is_away_nothing_is_known_and_it_is_left_alone(
    mute: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    clock, connection = 0.0, Counting(mute, answer_seconds=0.01)
    records = RedisRecords(connection, clock=lambda: clock)

    assert await records.draw(PLACE, RULE, wait_max=0) is None
    assert [await records.look(PLACE) for _ in range(100)] == [None] * 100
    assert connection.asked == 1
    await connection.close()

    assert [line["message"] for line in logged()] == ["provider_guard.degraded"]


async def test_a_redis_that_comes_back_is_used_again(
    redis_url: str, mute: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    clock = 0.0
    away, back = RedisConnection(mute, answer_seconds=0.01), RedisConnection(redis_url, answer_seconds=PATIENT_SECONDS)
    records = RedisRecords(away, clock=lambda: clock)
    assert await records.look(PLACE) is None

    records._connection = back
    assert await records.look(PLACE) is None
    clock = PAUSE_SECONDS
    assert await records.look(PLACE) is not None
    for one in (away, back):
        await one.close()

    assert [line["message"] for line in logged()] == ["provider_guard.degraded", "provider_guard.restored"]


async def test_a_refusal_of_redis_counts_as_its_absence(
    two: tuple[RedisRecords, RedisRecords], connection: RedisConnection
) -> None:
    await connection.ask("SET", f"fm:guard:{{{PLACE.account.hex}}}", "not a record")

    assert await two[0].draw(PLACE, RULE, wait_max=0) is None
