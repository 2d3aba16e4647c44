"""Files of a bank: stored once and durably before they leave their folder, whatever happens in between."""

import logging
from collections.abc import Mapping

import msgspec
import pytest

from application.callbacks.receive_callback import ReceiveCallbackHandler
from application.callbacks.take_in_files import TakeInFilesHandler
from application.ports.drop_folders import FILE_MAX_BYTES, ExchangesFiles
from domain.manifests import CallbackRule, CallbackTransport, ProviderManifest
from domain.providers import CallbackEvent
from tests.fakes.drop_folders import MemoryDropFolder
from tests.fakes.house import House, memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.story import ACCOUNT, TENANT
from tests.fakes.world import SettableWorld

REPORT = msgspec.json.encode(CallbackEvent(event_id="file/0", kind="payout.booked"))


class ScriptedBank(ScriptedProvider, ExchangesFiles):
    """Calls back by files, which need no signature."""

    def __init__(self, folder: MemoryDropFolder | None) -> None:
        super().__init__("bank")
        self._folder = folder

    @property
    def folder(self) -> MemoryDropFolder | None:
        return self._folder

    @property
    def manifest(self) -> ProviderManifest:
        rule = CallbackRule(transport=CallbackTransport.FILE, signature="the folder's", is_authoritative=True)
        return msgspec.structs.replace(super().manifest, callbacks=rule)

    def verify_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> None:
        assert headers["file-name"]


class Office:
    """One tenant with an account at a bank, and the chore that looks into its folder."""

    def __init__(self, folder: MemoryDropFolder | None) -> None:
        world = SettableWorld()
        tenant = a_tenant(TENANT, ((ACCOUNT, "bank"),), at=world.now)
        self.house: House = memory_house(tenant, clock=lambda: world.now)
        providers = ProviderSet(ScriptedBank(folder), tenants=self.house.tenants)
        receive = ReceiveCallbackHandler(self.house.inbox, providers, world)
        self.take_in = TakeInFilesHandler(self.house.tenants, providers, receive, world)

    async def stored(self) -> int:
        """Count the callbacks that are stored."""
        return (await self.house.windows.outbox_tags()).count("callback.received")


@pytest.fixture
def folder() -> MemoryDropFolder:
    return MemoryDropFolder()


@pytest.fixture
def office(folder: MemoryDropFolder) -> Office:
    return Office(folder)


async def test_file_is_stored_and_then_archived(office: Office, folder: MemoryDropFolder) -> None:
    folder.files["in"]["report.xml"] = REPORT

    assert await office.take_in() == 1
    assert await office.take_in() == 0

    assert await office.stored() == 1
    assert (folder.files["in"], list(folder.files["archive"].values())) == ({}, [REPORT])


async def test_file_that_was_stored_and_not_archived_is_read_again_and_known(
    office: Office, folder: MemoryDropFolder
) -> None:
    folder.files["in"]["report.xml"] = REPORT
    folder.unreachable = {"put_away"}
    assert await office.take_in() == 0
    assert (await office.stored(), list(folder.files["in"])) == (1, ["report.xml"])

    folder.unreachable = set()

    assert await office.take_in() == 1
    assert await office.stored() == 1
    assert list(folder.files["archive"].values()) == [REPORT]


async def test_same_file_under_another_name_is_stored_once(office: Office, folder: MemoryDropFolder) -> None:
    folder.files["in"] |= {"monday.xml": REPORT, "tuesday.xml": REPORT}

    assert await office.take_in() == 2
    assert await office.stored() == 1


async def test_file_that_cannot_be_read_is_kept_like_all_the_others(office: Office, folder: MemoryDropFolder) -> None:
    folder.files["in"] |= {"garbage": b"garbage", "report.xml": REPORT}

    assert await office.take_in() == 2

    assert sorted(folder.files["archive"].values()) == sorted([b"garbage", REPORT])
    assert await office.stored() == 2


async def test_file_that_is_too_large_is_set_aside_unread(
    office: Office, folder: MemoryDropFolder, caplog: pytest.LogCaptureFixture
) -> None:
    large = b" " * (FILE_MAX_BYTES + 1)
    folder.files["in"]["large.xml"] = large
    folder.unreachable = {"read"}

    assert await office.take_in() == 0
    assert list(folder.files["refused"].values()) == [large]
    assert "drop_folder.file_too_large" in caplog.text


async def test_folder_that_is_out_of_reach_is_told_in_the_log(
    office: Office, folder: MemoryDropFolder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.files["in"]["report.xml"] = REPORT
    folder.unreachable = {"waiting"}

    with caplog.at_level(logging.WARNING):
        assert await office.take_in() == 0

    assert "drop_folder.not_looked_at" in caplog.text
    assert list(folder.files["in"]) == ["report.xml"]


async def test_account_without_a_folder_brings_nothing() -> None:
    assert await Office(None).take_in() == 0


async def test_name_that_is_no_text_is_stored_as_one(office: Office, folder: MemoryDropFolder) -> None:
    folder.files["in"] |= {"re\udcffport\n.xml": REPORT}

    assert await office.take_in() == 1
    assert await office.stored() == 1
