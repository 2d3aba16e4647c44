"""A drop folder on this machine, which the bank's own software (EBICS, a file gateway) empties and fills."""

import asyncio
import errno
import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from adapters.dropfolders.names import QUIET_SECONDS, WAITING_MAX, is_plain, part_name, shelved_name
from application.ports.drop_folders import FILE_MAX_BYTES, Delivered, DropFolder, Shelf, WaitingFile
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import NotSent, Unknown

_REFUSED_LINKS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOSPC, errno.EDQUOT, errno.EXDEV, errno.EOPNOTSUPP}
)
"""How a file system says that it has not made a link; anything else leaves doubt."""

Got = TypeVar("Got")


class LocalDropFolder(DropFolder):
    """`out`, `in`, `archive` and `refused` below one folder, on one file system that knows hard links."""

    def __init__(self, root: Path, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Use that folder; it is made by the first use."""
        self._root = root
        self._quiet_seconds = quiet_seconds

    async def drop(self, name: str, content: bytes, *, deadline_seconds: float) -> Delivered | NotSent | Unknown:
        """Write under another name, make it durable, then link it to its own: a link never replaces a file."""
        try:
            async with asyncio.timeout(deadline_seconds):
                return await asyncio.to_thread(self._drop, name, content)
        except TimeoutError:
            return Unknown("the folder did not take the file in time, and may still take it")

    async def holds(self, name: str, content: bytes, *, deadline_seconds: float) -> bool:
        """Whether `out` has this very file."""
        return await self._told(lambda: _find(self._root / "out" / name) == content, deadline_seconds)

    async def waiting(self, *, deadline_seconds: float) -> tuple[WaitingFile, ...]:
        """Give the quiet files in `in`, the oldest first."""
        return await self._told(self._waiting, deadline_seconds)

    async def read(self, name: str, *, deadline_seconds: float) -> bytes | None:
        """Read a file of `in`."""
        return await self._told(lambda: _find(self._root / "in" / name), deadline_seconds)

    async def put_away(self, name: str, content: bytes | None, shelf: Shelf, *, deadline_seconds: float) -> None:
        """Move a file to a shelf."""
        await self._told(lambda: self._put_away(name, content, shelf), deadline_seconds)

    def _drop(self, name: str, content: bytes) -> Delivered | NotSent | Unknown:
        if not is_plain(name):
            return NotSent("the file's name is not a plain one")
        out = self._root / "out"
        part = out / part_name(name)
        try:
            out.mkdir(parents=True, exist_ok=True)
            _write(part, content)
        except OSError as fault:
            _forget(part)
            return NotSent(f"the file could not be written: {fault.strerror}")
        try:
            return _linked(part, out / name, content)
        finally:
            _forget(part)

    def _waiting(self) -> tuple[WaitingFile, ...]:
        """List regular files only: a link could lead anywhere."""
        folder = self._root / "in"
        folder.mkdir(parents=True, exist_ok=True)
        quiet_since = time.time() - self._quiet_seconds
        with os.scandir(folder) as entries:
            seen = [(one.name, one.stat(follow_symlinks=False)) for one in entries if not one.name.startswith(".")]
        quiet = [
            (s.st_mtime, name, s.st_size) for name, s in seen if stat.S_ISREG(s.st_mode) and s.st_mtime <= quiet_since
        ]
        return tuple(WaitingFile(name, size) for _, name, size in sorted(quiet)[:WAITING_MAX])

    def _put_away(self, name: str, content: bytes | None, shelf: Shelf) -> None:
        """Rename, then look whether that was what had been read: the bank may have replaced it in between."""
        waits, kept = self._root / "in" / name, self._root / shelf.value / shelved_name(name, content)
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            waits.rename(kept)
        except FileNotFoundError:
            return
        if content is not None and _find(kept) != content:
            os.link(kept, waits.with_name(f"{secrets.token_hex(4)}-{name}") if waits.exists() else waits)
            kept.unlink()
        _make_durable(kept.parent)
        _make_durable(waits.parent)

    async def _told(self, work: Callable[[], Got], deadline_seconds: float) -> Got:
        try:
            async with asyncio.timeout(deadline_seconds):
                return await asyncio.to_thread(work)
        except OSError as fault:  # among them the deadline's TimeoutError, which has no words of its own
            reason = fault.strerror or "no answer in time"
            raise MediatorError(PROV_UNREACHABLE, f"The drop folder cannot be used: {reason}.") from fault


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _forget(part: Path) -> None:
    """Take our unfinished name away; one that stays is seen by nobody, since it begins with a full stop."""
    with suppress(OSError):
        part.unlink()


def _linked(part: Path, final: Path, content: bytes) -> Delivered | NotSent | Unknown:
    try:
        os.link(part, final)
    except FileExistsError:
        return _met(final, content)
    except OSError as fault:
        if fault.errno in _REFUSED_LINKS:
            return NotSent(f"the file could not be put in its place: {fault.strerror}")
        return Unknown(f"the file may be in its place: {fault.strerror}")
    return _made_durable(final.parent, was_there=False)


def _met(final: Path, content: bytes) -> Delivered | Unknown:
    """There is such a file: ours from an earlier drop, or one of which we know nothing."""
    try:
        found = _find(final)
    except OSError as fault:
        return Unknown(f"a file of that name cannot be read: {fault.strerror}")
    if found is None:
        return Unknown("a file of that name was there and has been taken away")
    if found != content:
        return Unknown("a file of that name with other content is there")
    return _made_durable(final.parent, was_there=True)


def _made_durable(folder: Path, *, was_there: bool) -> Delivered | Unknown:
    try:
        _make_durable(folder)
    except OSError as fault:
        return Unknown(f"the file is in its place, but may not survive a crash: {fault.strerror}")
    return Delivered(was_there)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _find(path: Path) -> bytes | None:
    """Read a file, never through a link, and of a larger one than we take only so much; None when it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(FILE_MAX_BYTES + 1)
