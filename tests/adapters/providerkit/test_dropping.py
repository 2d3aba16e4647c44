"""The kernel drops a provider's files, and tells truly what became of each."""

from pathlib import Path

import pytest

from adapters.dropfolders.local import LocalDropFolder
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from domain.providers import AcceptedPending, Missing, NotSent, Unknown
from tests.adapters.providers.iso20022.examples import PAYOUT, REFERENCE, adapter


@pytest.fixture
def provider(http: ProviderHttp, tmp_path: Path) -> KernelProvider:
    return KernelProvider(adapter(), http, drops=LocalDropFolder(tmp_path))


async def test_payout_is_under_way_when_its_file_is_in_the_folder(provider: KernelProvider, tmp_path: Path) -> None:
    assert await provider.perform(PAYOUT) == AcceptedPending(REFERENCE)

    assert (tmp_path / "out" / f"{REFERENCE}.xml").read_bytes() == adapter().build_payout(PAYOUT).content


async def test_payout_that_is_sent_twice_is_one_file(provider: KernelProvider, tmp_path: Path) -> None:
    assert await provider.perform(PAYOUT) == await provider.perform(PAYOUT) == AcceptedPending(REFERENCE)

    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{REFERENCE}.xml"]


async def test_without_a_folder_nothing_is_sent(http: ProviderHttp) -> None:
    provider = KernelProvider(adapter(), http)

    assert isinstance(await provider.perform(PAYOUT), NotSent)
    assert isinstance(await provider.look_up(PAYOUT), Unknown)


async def test_file_that_cannot_be_written_was_not_sent(provider: KernelProvider, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"no folder")

    assert isinstance(await provider.perform(PAYOUT), NotSent)
    assert isinstance(await provider.look_up(PAYOUT), Unknown)


async def test_look_up_finds_the_file_that_still_waits_for_the_bank(provider: KernelProvider, tmp_path: Path) -> None:
    await provider.perform(PAYOUT)
    assert await provider.look_up(PAYOUT) == AcceptedPending(REFERENCE)

    (tmp_path / "out" / f"{REFERENCE}.xml").unlink()
    assert isinstance(await provider.look_up(PAYOUT), Missing)
    assert provider.manifest.visibility_horizon_seconds is None
