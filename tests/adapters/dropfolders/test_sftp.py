"""A drop folder over SFTP, against a real server: seen whole or not at all, and never a lie about what became of it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from adapters.dropfolders.opening import DropFolders
from adapters.dropfolders.sftp import SftpDropFolder
from adapters.providerkit.places import LocalPlace, SftpLogin
from application.ports.drop_folders import Delivered, DropFolder, WaitingFile
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import NotSent, Unknown
from tests.adapters.dropfolders.server import KEY_LOGIN, LOGIN, PASSWORD, Bank, serving
from tests.adapters.providers.iso20022.examples import adapter

SOON = 30.0
LONG_AGO = 1_000_000_000


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    async with serving(tmp_path) as bank:
        yield bank


@pytest.fixture
def folder(bank: Bank) -> DropFolder:
    return SftpDropFolder(bank.place(), LOGIN)


def put(bank: Bank, name: str, content: bytes, *, at: float = LONG_AGO) -> None:
    path = bank.root / "in" / name
    path.write_bytes(content)
    os.utime(path, (at, at))


@pytest.mark.parametrize("login", [LOGIN, KEY_LOGIN], ids=["password", "key"])
async def test_both_logins_are_taken(bank: Bank, login: SftpLogin) -> None:
    folder = SftpDropFolder(bank.place(), login)

    assert await folder.drop("a.xml", b"one", deadline_seconds=SOON) == Delivered(was_there=False)
    assert bank.files("out") == {"a.xml": b"one"}
    assert await folder.holds("a.xml", b"one", deadline_seconds=SOON)


async def test_server_with_another_key_gets_nothing(bank: Bank) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    folder = SftpDropFolder(bank.place(host_key=other), LOGIN)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), NotSent)
    assert bank.files("out") == {}


@pytest.mark.parametrize(
    "login",
    [SftpLogin(password="wrong"), SftpLogin(), SftpLogin(private_key="no key"), SftpLogin(private_key="")],
)
async def test_login_that_is_not_taken_proves_that_nothing_was_sent(bank: Bank, login: SftpLogin) -> None:
    outcome = await SftpDropFolder(bank.place(), login).drop("a.xml", b"one", deadline_seconds=SOON)

    assert isinstance(outcome, NotSent)
    assert "wrong" not in outcome.reason
    assert bank.files("out") == {}


async def test_folder_that_is_not_there_proves_that_nothing_was_sent(bank: Bank) -> None:
    folder = SftpDropFolder(bank.place(out_folder="nowhere"), LOGIN)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), NotSent)


async def test_server_that_refuses_to_rename_has_nothing(bank: Bank, folder: DropFolder) -> None:
    bank.fault = "refuse"

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), NotSent)
    assert bank.files("out") == {}


async def test_server_that_would_replace_a_file_is_not_given_the_chance(bank: Bank, folder: DropFolder) -> None:
    bank.fault = "replace"
    await folder.drop("a.xml", b"one", deadline_seconds=SOON)

    assert isinstance(await folder.drop("a.xml", b"two", deadline_seconds=SOON), Unknown)
    assert bank.files("out") == {"a.xml": b"one"}


@pytest.mark.parametrize("fault", ["die before", "die after"])
async def test_connection_that_ends_with_the_rename_leaves_doubt_and_the_folder_tells_later(
    bank: Bank, folder: DropFolder, fault: str
) -> None:
    bank.fault = fault

    outcome = await folder.drop("a.xml", b"one", deadline_seconds=SOON)

    assert isinstance(outcome, Unknown)
    assert await folder.holds("a.xml", b"one", deadline_seconds=SOON) is (fault == "die after")


async def test_deadline_that_passes_before_the_rename_proves_that_nothing_was_sent(
    bank: Bank, folder: DropFolder
) -> None:
    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=0), NotSent)
    assert bank.files("out") == {}


async def test_server_that_is_not_there_was_sent_nothing(bank: Bank) -> None:
    folder = SftpDropFolder(bank.place(port=1), LOGIN)

    assert isinstance(await folder.drop("a.xml", b"one", deadline_seconds=SOON), NotSent)
    with pytest.raises(MediatorError) as refusal:
        await folder.waiting(deadline_seconds=SOON)
    assert refusal.value.entry is PROV_UNREACHABLE


async def test_only_quiet_files_wait(bank: Bank, folder: DropFolder) -> None:
    put(bank, "young.xml", b"12", at=LONG_AGO + 1)
    put(bank, "old.xml", b"1")
    put(bank, ".hidden", b"1")
    put(bank, "growing.xml", b"1", at=4_000_000_000)
    (bank.root / "in" / "folder").mkdir()

    waiting = await folder.waiting(deadline_seconds=SOON)
    assert waiting == (WaitingFile("old.xml", 1), WaitingFile("young.xml", 2))


def test_account_has_the_folder_that_it_is_configured_with(tmp_path: Path) -> None:
    place = Bank(tmp_path).place()
    allowed, forbidden = DropFolders(tmp_path), DropFolders(None)

    assert isinstance(forbidden.open(adapter(folder=place), "pac_1"), SftpDropFolder)
    assert allowed.open(adapter(folder=LocalPlace()), "pac_1") is not None
    assert forbidden.open(adapter(folder=LocalPlace()), "pac_1") is None


def test_login_is_never_shown() -> None:
    assert PASSWORD not in f"{LOGIN} {LOGIN!r}"
    assert "PRIVATE" not in f"{KEY_LOGIN!r}"
