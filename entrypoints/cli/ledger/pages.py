"""Reads a list page by page, as many rows as are wanted."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PAGE = 200


async def rows(
    read: Callable[[T | None, int], Awaitable[tuple[tuple[T, ...], bool]]], *, limit: int, every: bool
) -> tuple[tuple[T, ...], bool]:
    """Give up to `limit` rows (or every one), and whether there are more.

    `read` takes the last row of the page before (None at first) and how many are wanted.
    """
    found: list[T] = []
    has_more = True
    while has_more and (every or len(found) < limit):
        wanted = PAGE if every else min(PAGE, limit - len(found))
        page, has_more = await read(found[-1] if found else None, wanted)
        found.extend(page)
    return tuple(found), has_more
