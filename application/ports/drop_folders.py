"""Folders where files are exchanged with a bank: ours for it in `out`, its files for us in `in`."""

from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from domain.providers import NotSent, Unknown

FILE_MAX_BYTES = 16 * 1024 * 1024
"""A file larger than this is not read."""


class Delivered(msgspec.Struct, frozen=True):
    """The file is in `out`, whole and durable; `was_there`: an earlier drop had put the very same bytes there."""

    was_there: bool


class WaitingFile(msgspec.Struct, frozen=True):
    """A file that the bank has put into `in`, as it was when the folder was listed."""

    name: str
    size_bytes: int


class Shelf(StrEnum):
    """Where a file goes that has been dealt with: beside those that were understood, or where a person looks."""

    ARCHIVE = "archive"
    REFUSED = "refused"


class DropFolder(Protocol):
    """One provider account's folder, local or on a server. Every call ends within its deadline."""

    async def drop(self, name: str, content: bytes, *, deadline_seconds: float) -> Delivered | NotSent | Unknown:
        """Put a file into `out` so that it is seen whole or not at all, and never overwrite one.

        `NotSent` is proof that nobody can have seen it. `Unknown` when it may be there, and also when a file of that
        name with other content is. Raises nothing but cancellation.
        """
        ...

    async def holds(self, name: str, content: bytes, *, deadline_seconds: float) -> bool:
        """Whether `out` has this very file; no proof when not, as the bank takes files away.

        Raises PROV_UNREACHABLE when that cannot be seen.
        """
        ...

    async def waiting(self, *, deadline_seconds: float) -> tuple[WaitingFile, ...]:
        """Give the files in `in` that nobody writes to any more, the oldest first. Raises PROV_UNREACHABLE."""
        ...

    async def read(self, name: str, *, deadline_seconds: float) -> bytes | None:
        """Read a file of `in`; None when it has gone. Raises PROV_UNREACHABLE."""
        ...

    async def put_away(self, name: str, content: bytes | None, shelf: Shelf, *, deadline_seconds: float) -> None:
        """Move a file from `in` to a shelf, where it never replaces another; nothing happens when it has gone.

        A file that is no longer what was read (`content`; None: it was not) stays in `in`. Raises PROV_UNREACHABLE.
        """
        ...


@runtime_checkable
class ExchangesFiles(Protocol):
    """A provider that is spoken to by files."""

    @property
    def folder(self) -> DropFolder | None:
        """The folder of this account; None when none is connected."""
        ...
