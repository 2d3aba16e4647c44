"""A local drop folder shows a file whole or not at all, never replaces one, and tells truly what became of it."""

import asyncio
import os
from pathlib import Path

import pytest

from adapters.dropfolders.local import LocalDropFolder
from application.ports.drop_folders import Delivered, WaitingFile
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import NotSent, Unknown

SOON = 30.0
LONG_AGO = 1_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> LocalDropFolder:
    return LocalDropFolder(tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def put(root: Path, name: str, content: bytes, *, at: float = LONG_AGO) -> Path:
    """Put a file into `in`, as the bank does."""
    path = root / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


async def test_many_drops_at_once_leave_one_file(folder: LocalDropFolder, tmp_path: Path) -> None:
    done = await asyncio.gather(*(folder.drop("a.xml", b"one", deadline_seconds=SOON) for _ in range(16)))

    assert sorted(one.was_there for one in done if isinstance(one, Delivered)) == [False] + [True] * 15
    assert files(tmp_path / "out") == {"a.xml": b"one"}


@pytest.mark.parametrize("name", ["", ".a.xml", "../a.xml", "in/a.xml", "a\0.xml", "a" * 101])
async def test_name_that_would_lead_elsewhere_is_not_sent(name: str, folder: LocalDropFolder, tmp_path: Path) -> None:
    assert isinstance(await folder.drop(name, b"one", deadline_seconds=SOON), NotSent)
    assert files(tmp_path / "out") == {}


async def test_folder_that_cannot_be_written_to_proves_that_nothing_was_sent(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"no folder")
    folder = LocalDropFolder(tmp_path)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), NotSent)


@pytest.mark.parametrize(("number", "outcome"), [(28, NotSent), (5, Unknown)])
async def test_failure_of_the_last_step_is_doubt_unless_it_says_that_nothing_was_done(
    number: int, outcome: type, folder: LocalDropFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "planted")

    monkeypatch.setattr(os, "link", fail)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), outcome)
    assert files(tmp_path / "out") == {}


async def test_file_whose_place_may_not_survive_a_crash_leaves_doubt(
    folder: LocalDropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError(5, "planted")

    monkeypatch.setattr("adapters.dropfolders.local._make_durable", fail)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), Unknown)


async def test_folder_that_does_not_answer_in_time_leaves_doubt(folder: LocalDropFolder) -> None:
    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=0), Unknown)


async def test_quiet_regular_files_wait_the_oldest_first(folder: LocalDropFolder, tmp_path: Path) -> None:
    put(tmp_path, "young.xml", b"12", at=LONG_AGO + 1)
    put(tmp_path, "old.xml", b"1")
    put(tmp_path, ".hidden", b"1")
    put(tmp_path, "growing.xml", b"1").touch()
    (tmp_path / "in" / "folder").mkdir()
    (tmp_path / "in" / "link.xml").symlink_to(tmp_path / "in" / "old.xml")

    waiting = await folder.waiting(deadline_seconds=SOON)

    assert waiting == (WaitingFile("old.xml", 1), WaitingFile("young.xml", 2))


async def test_link_is_not_followed(folder: LocalDropFolder, tmp_path: Path) -> None:
    put(tmp_path, "secret", b"1")
    (tmp_path / "in" / "link.xml").symlink_to(tmp_path / "in" / "secret")

    with pytest.raises(MediatorError) as refusal:
        await folder.read("link.xml", deadline_seconds=SOON)

    assert refusal.value.entry is PROV_UNREACHABLE


async def test_folder_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"no folder")

    with pytest.raises(MediatorError) as refusal:
        await LocalDropFolder(tmp_path).waiting(deadline_seconds=SOON)

    assert refusal.value.entry is PROV_UNREACHABLE
