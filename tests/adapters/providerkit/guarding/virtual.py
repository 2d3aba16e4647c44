"""Time that passes only when everybody waits: an event loop whose clock jumps to the next thing that is due."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Never waits: tells how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits for something that will never happen")
        self.passed += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at second 1000, so that nothing works only near zero."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return 1000.0 + self._impatient.passed


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run a story in virtual time; every task that it leaves behind is a fault."""
    loop = VirtualLoop()
    try:
        told = loop.run_until_complete(story)
        left = asyncio.all_tasks(loop)
        assert not left, left
        return told
    finally:
        loop.close()


def clock() -> float:
    """Tell the virtual time, in seconds."""
    return asyncio.get_running_loop().time()
