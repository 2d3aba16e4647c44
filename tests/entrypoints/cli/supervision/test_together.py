"""Several things at once, and how they end."""

import asyncio

import pytest

from entrypoints.cli.supervision.together import together
from entrypoints.cli.trouble import Trouble


async def test_all_are_done() -> None:
    done: list[int] = []

    async def do(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    await together(*(do(number) for number in range(3)))

    assert sorted(done) == [0, 1, 2]


async def test_first_fault_ends_the_others_and_is_told_as_it_is() -> None:
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()

    async def fail() -> None:
        await together(_raise(Trouble("It broke.")), wait())

    with pytest.raises(Trouble, match=r"It broke\."):
        await together(fail(), wait())

    assert ended.is_set()


async def _raise(trouble: Trouble) -> None:
    await asyncio.sleep(0)
    raise trouble
