"""What every drop folder promises: the one in memory, the one on this machine, and the one on an SFTP server."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from adapters.dropfolders.local import LocalDropFolder
from adapters.dropfolders.sftp import SftpDropFolder
from application.ports.drop_folders import Delivered, DropFolder, Shelf, WaitingFile
from domain.providers import NotSent, Unknown
from tests.adapters.dropfolders.server import LOGIN, serving
from tests.fakes.drop_folders import MemoryDropFolder

SOON = 60.0
LONG_AGO = 1_000_000_000


class Yard(Protocol):
    """A drop folder with the bank's side of it."""

    folder: DropFolder

    def put(self, name: str, content: bytes, *, age_seconds: int = 0) -> None:
        """Put a file into `in`, as the bank does."""
        ...

    def files(self, folder: str) -> dict[str, bytes]:
        """See what is there."""
        ...


class MemoryYard(Yard):
    def __init__(self) -> None:
        self.memory = MemoryDropFolder()
        self.folder = self.memory

    def put(self, name: str, content: bytes, *, age_seconds: int = 0) -> None:
        self.memory.files["in"][name] = content

    def files(self, folder: str) -> dict[str, bytes]:
        return self.memory.files[folder]


class RealYard(Yard):
    def __init__(self, folder: DropFolder, root: Path) -> None:
        self.folder = folder
        self.root = root

    def put(self, name: str, content: bytes, *, age_seconds: int = 0) -> None:
        path = self.root / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (LONG_AGO - age_seconds, LONG_AGO - age_seconds))

    def files(self, folder: str) -> dict[str, bytes]:
        place = self.root / folder
        return {path.name: path.read_bytes() for path in place.iterdir()} if place.exists() else {}


@pytest.fixture(params=["memory", "local", "sftp"])
async def yard(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Yard]:
    match request.param:
        case "memory":
            yield MemoryYard()
        case "local":
            yield RealYard(LocalDropFolder(tmp_path), tmp_path)
        case _:
            async with serving(tmp_path) as bank:
                yield RealYard(SftpDropFolder(bank.place(), LOGIN), tmp_path)


async def test_dropped_file_is_there_under_its_name_and_nothing_else_is(yard: Yard) -> None:
    assert await yard.folder.drop("a.xml", b"one", deadline_seconds=SOON) == Delivered(was_there=False)

    assert yard.files("out") == {"a.xml": b"one"}
    assert await yard.folder.holds("a.xml", b"one", deadline_seconds=SOON)


async def test_same_file_again_is_there_already(yard: Yard) -> None:
    await yard.folder.drop("a.xml", b"one", deadline_seconds=SOON)

    assert await yard.folder.drop("a.xml", b"one", deadline_seconds=SOON) == Delivered(was_there=True)
    assert yard.files("out") == {"a.xml": b"one"}


async def test_other_file_of_that_name_is_never_replaced_and_leaves_doubt(yard: Yard) -> None:
    await yard.folder.drop("a.xml", b"one", deadline_seconds=SOON)

    assert isinstance(await yard.folder.drop("a.xml", b"two", deadline_seconds=SOON), Unknown)
    assert yard.files("out") == {"a.xml": b"one"}
    assert not await yard.folder.holds("a.xml", b"two", deadline_seconds=SOON)


@pytest.mark.parametrize("name", ["", ".a.xml", "../a.xml", "in/a.xml"])
async def test_name_that_would_lead_elsewhere_is_not_sent(yard: Yard, name: str) -> None:
    assert isinstance(await yard.folder.drop(name, b"one", deadline_seconds=SOON), NotSent)
    assert yard.files("out") == {}


async def test_files_wait_the_oldest_first(yard: Yard) -> None:
    yard.put("b.xml", b"1", age_seconds=1)
    yard.put("a.xml", b"12")

    waiting = await yard.folder.waiting(deadline_seconds=SOON)

    assert waiting == (WaitingFile("b.xml", 1), WaitingFile("a.xml", 2))
    assert await yard.folder.read("b.xml", deadline_seconds=SOON) == b"1"


@pytest.mark.parametrize("shelf", list(Shelf))
async def test_file_that_was_dealt_with_is_kept_on_its_shelf_once(yard: Yard, shelf: Shelf) -> None:
    for content in (b"one", b"two", b"one"):
        yard.put("statement.xml", content)
        await yard.folder.put_away("statement.xml", content, shelf, deadline_seconds=SOON)

    assert yard.files("in") == {}
    assert sorted(yard.files(shelf.value).values()) == [b"one", b"two"]
    assert await yard.folder.read("statement.xml", deadline_seconds=SOON) is None


async def test_file_that_was_never_read_can_be_put_away(yard: Yard) -> None:
    yard.put("large.xml", b"large")

    await yard.folder.put_away("large.xml", None, Shelf.REFUSED, deadline_seconds=SOON)

    assert (yard.files("in"), list(yard.files("refused").values())) == ({}, [b"large"])


async def test_file_that_was_replaced_after_it_was_read_stays(yard: Yard) -> None:
    yard.put("statement.xml", b"newer")

    await yard.folder.put_away("statement.xml", b"what was read", Shelf.ARCHIVE, deadline_seconds=SOON)

    assert yard.files("in") == {"statement.xml": b"newer"}
    assert yard.files("archive") == {}


async def test_file_that_somebody_else_put_away_is_no_trouble(yard: Yard) -> None:
    yard.put("statement.xml", b"one")
    for _ in range(2):
        await yard.folder.put_away("statement.xml", b"one", Shelf.ARCHIVE, deadline_seconds=SOON)

    assert list(yard.files("archive").values()) == [b"one"]
