"""Schedules are kept whatever happens in a pass: with a rest after it, or at once, or after a growing pause."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from application.schedules import SCHEDULES, Chore, Schedule
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from entrypoints.settings import Settings
from entrypoints.worker.relay import schedules_of
from entrypoints.worker.scheduler import BACKOFF_MAX_SECONDS, Repetition, backoff_seconds

LONG = 60.0


class Passes:
    """Counts passes; each gives or raises the next of what was scripted, then nothing."""

    def __init__(self, *script: int | Exception) -> None:
        self._script = list(script)
        self.made = 0

    async def __call__(self) -> int:
        self.made += 1
        result = self._script.pop(0) if self._script else 0
        if isinstance(result, Exception):
            raise result
        return result


Keep = Callable[[Repetition], None]


@pytest.fixture
async def keep() -> AsyncIterator[Keep]:
    tasks: list[asyncio.Task[None]] = []
    yield lambda repetition: tasks.append(asyncio.create_task(repetition.keep()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def every(seconds: float, *, drains: bool = False) -> Schedule:
    return Schedule(chore=Chore.RELAY_OUTBOX, every_seconds=seconds, drains=drains)


async def settled() -> None:
    """Let every task run until it rests."""
    for _ in range(50):
        await asyncio.sleep(0)


async def reached(passes: Passes, count: int) -> None:
    async with asyncio.timeout(5):
        while passes.made < count:
            await asyncio.sleep(0.005)


async def test_pass_is_followed_by_a_rest(keep: Keep) -> None:
    passes = Passes(7)

    keep(Repetition(every(LONG), passes))
    await settled()

    assert passes.made == 1


async def test_pass_is_repeated_after_the_rest(keep: Keep) -> None:
    passes = Passes()

    keep(Repetition(every(0.01), passes))

    await reached(passes, 3)


async def test_what_is_drained_is_passed_again_at_once_until_nothing_is_found(keep: Keep) -> None:
    passes = Passes(5, 5, 0, 5)

    keep(Repetition(every(LONG, drains=True), passes))
    await reached(passes, 3)
    await settled()

    assert passes.made == 3


async def test_hint_ends_the_rest(keep: Keep) -> None:
    passes = Passes()
    repetition = Repetition(every(LONG), passes)
    keep(repetition)
    await settled()

    repetition.wake()

    await reached(passes, 2)


async def test_hint_during_a_pass_is_not_lost(keep: Keep) -> None:
    made = 0

    async def hinted_at_once() -> int:
        nonlocal made
        made += 1
        if made == 1:
            repetition.wake()
        return 0

    repetition = Repetition(every(LONG), hinted_at_once)
    keep(repetition)

    async with asyncio.timeout(5):
        while made < 2:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "trouble", [MediatorError(SERVICE_UNAVAILABLE, "away"), OSError("reset"), ZeroDivisionError()], ids=repr
)
async def test_pass_that_fails_is_tried_again_soon(keep: Keep, trouble: Exception) -> None:
    passes = Passes(trouble)

    keep(Repetition(every(LONG), passes))

    await reached(passes, 2)


async def test_hints_do_not_shorten_the_pause_after_a_failure(keep: Keep) -> None:
    passes = Passes(OSError(), OSError())
    repetition = Repetition(every(LONG), passes)
    keep(repetition)
    await settled()

    repetition.wake()
    await settled()

    assert passes.made == 1


def test_pauses_grow_to_a_limit() -> None:
    pauses = [max(backoff_seconds(failures) for _ in range(200)) for failures in (1, 2, 3, 4, 1_000)]

    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.25
    assert 0.9 * BACKOFF_MAX_SECONDS < pauses[-1] <= BACKOFF_MAX_SECONDS


def test_settings_decide_how_often_drop_folders_are_looked_at_and_nothing_else() -> None:
    table = {one.chore: one for one in schedules_of(Settings(drop_folder_seconds=2.5))}

    changed = {chore for chore, one in table.items() if one not in SCHEDULES}

    assert table[Chore.TAKE_IN_FILES].every_seconds == 2.5
    assert changed == {Chore.TAKE_IN_FILES}
    assert schedules_of(Settings()) == SCHEDULES
