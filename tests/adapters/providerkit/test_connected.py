"""Providers as accounts are configured: versions pinned, credentials the newest, and nothing read more than needed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from adapters.providerkit.adapter import Adapter
from adapters.providerkit.connected import ConnectedProviders
from adapters.providerkit.guard import Guard
from adapters.providerkit.guarding.board import ProviderHealthBoard
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.in_force import FRESH_SECONDS, TENANTS_MAX, Recent, RecentlyInForce
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.sandbox import SandboxCredentials, spec
from application.ports.provider_accounts import AccountChange, AccountInForce, AccountsInForce, NewProviderAccount
from application.ports.providers import AccountState, Provider
from application.ports.vault import Place
from domain.audit import AuditRecord
from domain.errors import PROV_CREDENTIALS_SEALED, ROUTE_NO_PROVIDER, MediatorError
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.breakers import MemoryBreakers
from tests.fakes.provider_accounts import MemoryProviderAccountBook, MemoryProviderAccountQueries
from tests.fakes.tables import MemoryDatabase
from tests.fakes.vault import MemoryVault

TENANT = TenantId(UUID(int=1))
ACCOUNT, OTHER, NOBODY = (ProviderAccountId(UUID(int=number)) for number in (2, 3, 4))
URL = "http://127.0.0.1:1"


class Workbench:
    """Accounts in memory, the providers over them, and every adapter that was made."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)
        database = MemoryDatabase(lambda: self.now)
        self.book = MemoryProviderAccountBook(database)
        self.source = MemoryProviderAccountQueries(database)
        self.vault = MemoryVault()
        self.seconds = 0.0
        self.made: list[tuple[Adapter, tuple[str, ...]]] = []
        self.http = ProviderHttp()
        self.board = ProviderHealthBoard(MemoryBreakers(database), None)
        self.providers = ConnectedProviders([spec], self.source, self.vault, self.board, self.join)
        self.providers._in_force = RecentlyInForce(self.source, clock=lambda: self.seconds)

    def join(self, adapter: Adapter, _account: ProviderAccountId, secrets: tuple[str, ...], guard: Guard) -> Provider:
        self.made.append((adapter, secrets))
        return KernelProvider(adapter, self.http, callback_secrets=secrets, guard=guard)

    async def connect(self, account: ProviderAccountId = ACCOUNT, provider: str = "sandbox", **config: Any) -> None:
        new = NewProviderAccount(
            id=account,
            provider=provider,
            name="Cards",
            config={"base_url": URL} | config,
            credentials=self.sealed(account, 1, "key 1"),
            actor="prn_1",
        )
        await self.book.connect(TENANT, new, audit=self.audit(), claim=None)

    async def change(self, after: int, *, key: str | None = None, **changes: Any) -> None:
        sealed = None if key is None else self.sealed(ACCOUNT, after + 1, key)
        change = AccountChange(id=ACCOUNT, expected_version=after, actor="prn_1", credentials=sealed, **changes)
        await self.book.change(TENANT, change, audit=self.audit())

    async def disable(self) -> None:
        await self.book.set_state(TENANT, ACCOUNT, AccountState.DISABLED, audit=self.audit())

    def sealed(self, account: ProviderAccountId, version: int, key: str) -> bytes:
        credentials = SandboxCredentials(api_key=key, callback_secrets=(f"secret of {key}",))
        place = Place(tenant_id=TENANT, account_id=account, version=version)
        return self.vault.seal(msgspec.json.encode(credentials), place)

    def audit(self) -> AuditRecord:
        return AuditRecord(
            tenant_id=TENANT,
            id=UUID(int=9),
            at=self.now,
            actor="prn_1",
            action="a",
            subject="s",
            request_id="req_1",
            details={},
        )

    def time_passes(self) -> None:
        """Let what is remembered grow too old."""
        self.seconds += FRESH_SECONDS


@pytest.fixture
def bench() -> Workbench:
    return Workbench()


async def test_an_account_is_opened_as_it_is_configured_and_once(bench: Workbench) -> None:
    await bench.connect(deadline_seconds=7)

    first = await bench.providers.open(TENANT, ACCOUNT)
    again = await bench.providers.open(TENANT, ACCOUNT, version=1)

    assert first is again
    assert first.manifest.deadline_seconds == 7
    assert [secrets for _, secrets in bench.made] == [("secret of key 1",)]
    assert await bench.providers.terms(TENANT, ACCOUNT) == await bench.providers.terms(TENANT, ACCOUNT)
    assert (await bench.providers.terms(TENANT, ACCOUNT)).config_version == 1


async def test_a_change_is_true_after_half_a_second_and_not_asked_for_before(bench: Workbench) -> None:
    await bench.connect()
    await bench.providers.terms(TENANT, ACCOUNT)
    await bench.change(1, config={"base_url": URL, "deadline_seconds": 9})
    readings = bench.source.readings

    bench.seconds += FRESH_SECONDS - 0.01
    before = [await bench.providers.terms(TENANT, ACCOUNT) for _ in range(20)]
    assert bench.source.readings == readings
    bench.seconds += 0.01
    after = await bench.providers.terms(TENANT, ACCOUNT)

    assert {(one.config_version, one.deadline_seconds) for one in before} == {(1, 2.0)}
    assert (after.config_version, after.deadline_seconds) == (2, 9.0)


def test_what_is_remembered_is_never_so_old_that_a_change_takes_a_second() -> None:
    assert 0 < FRESH_SECONDS <= 0.5


async def test_what_was_decided_under_a_version_is_opened_under_it_with_the_newest_key(bench: Workbench) -> None:
    await bench.connect(deadline_seconds=3)
    await bench.providers.open(TENANT, ACCOUNT)
    await bench.change(1, config={"base_url": URL, "deadline_seconds": 9}, key="key 2")
    bench.time_passes()

    old = await bench.providers.open(TENANT, ACCOUNT, version=1)
    new = await bench.providers.open(TENANT, ACCOUNT)

    assert (old.manifest.deadline_seconds, new.manifest.deadline_seconds) == (3.0, 9.0)
    assert [secrets[0] for _, secrets in bench.made] == ["secret of key 1", "secret of key 2", "secret of key 2"]


async def test_a_version_that_waits_is_not_in_force_before_its_time(bench: Workbench) -> None:
    await bench.connect()
    later = bench.now + timedelta(minutes=1)
    await bench.change(1, config={"base_url": URL, "deadline_seconds": 9}, key="key 2", effective_from=later)

    assert (await bench.providers.terms(TENANT, ACCOUNT)).config_version == 1
    bench.time_passes()
    bench.now = later
    assert (await bench.providers.terms(TENANT, ACCOUNT)).config_version == 2
    assert bench.made[-1][1] == ("secret of key 2",)


async def test_an_account_that_was_connected_just_now_is_found_at_once(bench: Workbench) -> None:
    await bench.connect(OTHER)
    await bench.providers.open(TENANT, OTHER)
    await bench.connect()

    assert (await bench.providers.open(TENANT, ACCOUNT)).manifest.name == "sandbox"


async def test_the_first_account_of_a_tenant_takes_payments_at_once(bench: Workbench) -> None:
    assert await bench.providers.accounts(TENANT) == ()
    await bench.connect()

    assert [one.id for one in await bench.providers.accounts(TENANT)] == [ACCOUNT]


async def test_only_enabled_accounts_at_installed_providers_take_payments(bench: Workbench) -> None:
    await bench.connect()
    await bench.connect(OTHER, "gone")
    assert [one.id for one in await bench.providers.accounts(TENANT)] == [ACCOUNT]

    await bench.disable()
    bench.time_passes()

    assert await bench.providers.accounts(TENANT) == ()
    assert (await bench.providers.open(TENANT, ACCOUNT)).manifest.name == "sandbox"


async def test_what_cannot_be_opened_says_why(bench: Workbench) -> None:
    await bench.connect()
    await bench.connect(OTHER, "gone")
    await bench.change(1, config={"words": "of another release"})
    bench.time_passes()

    for account, version in ((NOBODY, None), (OTHER, None), (ACCOUNT, 7), (ACCOUNT, None)):
        with pytest.raises(MediatorError) as refused:
            await bench.providers.open(TENANT, account, version=version)
        assert refused.value.entry is ROUTE_NO_PROVIDER
    with pytest.raises(MediatorError):
        bench.providers.manifest("gone")
    assert [one.name for one in bench.providers.manifests()] == ["sandbox"]


async def test_credentials_that_do_not_open_are_said_to_be_so_and_mended_by_new_ones(bench: Workbench) -> None:
    await bench.connect()
    bench.vault._kept.clear()

    with pytest.raises(MediatorError) as refused:
        await bench.providers.open(TENANT, ACCOUNT)
    await bench.change(1, key="key 2")
    bench.time_passes()

    assert refused.value.entry is PROV_CREDENTIALS_SEALED
    assert (await bench.providers.open(TENANT, ACCOUNT)).manifest.name == "sandbox"


class SlowSource(AccountsInForce):
    """Takes its time, and counts."""

    def __init__(self, source: AccountsInForce) -> None:
        self.source = source
        self.asked = 0
        self.go_on = asyncio.Event()

    async def in_force(self, tenant_id: TenantId) -> tuple[AccountInForce, ...]:
        self.asked += 1
        await self.go_on.wait()
        return await self.source.in_force(tenant_id)

    async def find_config(
        self, tenant_id: TenantId, account_id: ProviderAccountId, version: int
    ) -> dict[str, object] | None:
        raise NotImplementedError

    async def find_sealed(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> bytes | None:
        raise NotImplementedError


async def test_however_many_ask_at_once_the_database_is_asked_once(bench: Workbench) -> None:
    await bench.connect()
    source = SlowSource(bench.source)
    recent = RecentlyInForce(source)

    many = [asyncio.create_task(recent.find(TENANT, ACCOUNT)) for _ in range(50)]
    await asyncio.sleep(0)
    many[0].cancel()
    source.go_on.set()
    found = await asyncio.gather(*many[1:])

    assert {one.id for one in found if one is not None} == {ACCOUNT}
    assert source.asked <= 2


async def test_many_who_ask_for_what_is_not_there_wait_for_one_answer(bench: Workbench) -> None:
    await bench.connect()
    source = SlowSource(bench.source)
    recent = RecentlyInForce(source)

    many = [asyncio.create_task(recent.find(TENANT, NOBODY)) for _ in range(50)]
    await asyncio.sleep(0)
    source.go_on.set()

    assert set(await asyncio.gather(*many)) == {None}
    # The first reading may have begun before the others asked: they need one more, and only one.
    assert source.asked <= 2


async def test_who_is_forgotten_is_asked_for_again_and_memory_stays_bounded() -> None:
    recent: Recent[int, str] = Recent(2)
    for number in (1, 2):
        recent.keep(number, str(number))
    assert recent.find(1) == "1"

    recent.keep(3, "3")

    assert [recent.find(number) for number in (1, 2, 3)] == ["1", None, "3"]
    assert TENANTS_MAX >= 1_000
