"""Accounts that came from the settings follow them, and nobody else's do."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from uuid_utils.compat import uuid7

from adapters.providerkit.forms import SpecForms
from adapters.providers.sandbox import spec
from application.identity.open_tenant import OpenTenant, OpenTenantHandler
from application.ports.identity import ApiKeys, FirstAccount, FirstAccounts
from application.ports.provider_accounts import AccountChange, ConnectedAccount, NewProviderAccount
from application.ports.vault import Place
from application.providers.follow_settings import FollowSettingsHandler
from domain.audit import AuditRecord
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.identity import MemoryTenants
from tests.fakes.provider_accounts import MemoryProviderAccountBook, MemoryProviderAccountQueries
from tests.fakes.tables import MemoryDatabase
from tests.fakes.vault import MemoryVault
from tests.fakes.world import SettableWorld


class OneKey(ApiKeys):
    """Mints keys that nobody uses."""

    def mint(self) -> tuple[str, str, bytes]:
        return "key", uuid7().hex, b"digest"

    def key_id(self, key: str) -> str | None:
        raise NotImplementedError

    def matches(self, key: str, digest: bytes) -> bool:
        raise NotImplementedError


class Office:
    """A tenant that was opened under some settings, and the same stores under others."""

    def __init__(self) -> None:
        self.world = SettableWorld()
        self.database = MemoryDatabase(lambda: self.world.now)
        self.tenants = MemoryTenants(self.database)
        self.book = MemoryProviderAccountBook(self.database)
        self.queries = MemoryProviderAccountQueries(self.database)
        self.vault = MemoryVault()

    async def open(self, settings: FirstAccounts) -> TenantId:
        handler = OpenTenantHandler(self.tenants, OneKey(), settings, self.vault, self.world)
        return (await handler(OpenTenant("A shop", "Operator"))).tenant_id

    async def follow(self, settings: FirstAccounts) -> int:
        handler = FollowSettingsHandler(
            tenants=self.tenants,
            accounts=self.book,
            queries=self.queries,
            in_force=self.queries,
            forms=SpecForms([spec]),
            vault=self.vault,
            first_accounts=settings,
            world=self.world,
        )
        return await handler()

    async def accounts(self, tenant: TenantId) -> tuple[ConnectedAccount, ...]:
        return await self.queries.page(tenant, after=None, limit=9)

    async def credentials(self, tenant: TenantId, account: ConnectedAccount) -> Any:
        version = account.in_force.credentials_version
        sealed = await self.queries.find_sealed(tenant, account.id, version)
        assert sealed is not None
        place = Place(tenant_id=tenant, account_id=account.id, version=version)
        return msgspec.json.decode(self.vault.open(sealed, place))

    async def change(self, tenant: TenantId, account: ConnectedAccount, **config: Any) -> None:
        change = AccountChange(id=account.id, expected_version=account.latest_version, actor="prn_1", config=config)
        await self.book.change(tenant, change, audit=an_audit(tenant))


def an_audit(tenant: TenantId) -> AuditRecord:
    return AuditRecord(
        tenant_id=tenant,
        id=UUID(int=1),
        at=datetime.now(UTC),
        actor="prn_1",
        action="a",
        subject="s",
        request_id="req_1",
        details={},
    )


def settings(port: int, key: str = "sk_1") -> FirstAccounts:
    return FirstAccounts(
        (
            FirstAccount(
                provider="sandbox",
                name="Sandbox",
                config={"base_url": f"http://127.0.0.1:{port}"},
                credentials={"api_key": key, "callback_secrets": ["whsec_1"]},
            ),
        )
    )


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_tenant_begins_with_sealed_credentials_and_a_first_version_of_the_settings(office: Office) -> None:
    tenant = await office.open(settings(1))

    (account,) = await office.accounts(tenant)
    assert (account.name, account.in_force.actor) == ("Sandbox", "system:settings")
    assert await office.credentials(tenant, account) == {"api_key": "sk_1", "callback_secrets": ["whsec_1"]}


async def test_a_new_address_makes_one_version_and_leaves_what_else_was_configured(office: Office) -> None:
    tenant = await office.open(settings(1))
    await office.change(tenant, (await office.accounts(tenant))[0], base_url="http://127.0.0.1:1", deadline_seconds=9.0)

    assert [await office.follow(settings(2)) for _ in range(3)] == [1, 0, 0]

    (account,) = await office.accounts(tenant)
    assert account.in_force.version == 3
    assert account.in_force.config == {"base_url": "http://127.0.0.1:2", "deadline_seconds": 9.0}
    assert (account.in_force.credentials_version, account.in_force.actor) == (1, "system:settings")


async def test_the_next_start_with_the_same_settings_writes_nothing(office: Office) -> None:
    tenant = await office.open(settings(1))

    assert await office.follow(settings(1)) == 0

    assert (await office.accounts(tenant))[0].latest_version == 1


async def test_a_new_key_is_sealed_and_one_that_does_not_open_any_more_too(office: Office) -> None:
    tenant = await office.open(settings(1))
    await office.follow(settings(1, "sk_2"))
    (second,) = await office.accounts(tenant)
    office.vault._kept.clear()

    await office.follow(settings(1, "sk_2"))

    (third,) = await office.accounts(tenant)
    assert (second.in_force.credentials_version, third.in_force.credentials_version) == (2, 3)
    assert (await office.credentials(tenant, third))["api_key"] == "sk_2"


async def test_an_account_that_somebody_connected_follows_nobody(office: Office) -> None:
    tenant = await office.open(FirstAccounts())
    own = NewProviderAccount(
        id=ProviderAccountId(uuid7()),
        provider="sandbox",
        name="Own",
        config={"base_url": "http://127.0.0.1:7"},
        credentials=b"sealed",
        actor="prn_1",
    )
    await office.book.connect(tenant, own, audit=an_audit(tenant), claim=None)

    assert await office.follow(settings(2)) == 0
    assert (await office.accounts(tenant))[0].latest_version == 1


async def test_without_settings_nothing_is_looked_at(office: Office) -> None:
    await office.open(settings(1))

    assert await office.follow(FirstAccounts()) == 0
