"""The promise of the tenants' keeper: a tenant is opened whole, and its key is found by the id it shows."""

from datetime import UTC, datetime

from uuid_utils.compat import uuid7

from application.ports.identity import ProviderAccount
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.house import House
from tests.fakes.identity import a_tenant


async def test_a_tenant_is_listed_with_its_accounts(house: House) -> None:
    assert house.tenant_id in await house.tenants.ids()
    assert await house.tenants.provider_accounts(house.tenant_id) == (
        ProviderAccount(tenant_id=house.tenant_id, id=house.account, provider="sandbox"),
    )


async def test_opening_a_tenant_is_on_record(house: House) -> None:
    assert await house.windows.audit_actions() == ["tenant.opened"]


async def test_tenants_are_listed_in_the_order_in_which_they_were_opened(house: House) -> None:
    later = a_tenant(uuid7(), (), at=datetime.now(UTC))
    await house.tenants.open(later)

    ids = await house.tenants.ids()
    assert ids.index(house.tenant_id) < ids.index(later.tenant_id)


async def test_accounts_are_listed_in_the_order_in_which_they_were_made(house: House) -> None:
    accounts = tuple((ProviderAccountId(uuid7()), name) for name in ("sandbox", "bank", "wallet"))
    other = a_tenant(uuid7(), accounts, at=datetime.now(UTC))
    await house.tenants.open(other)

    found = await house.tenants.provider_accounts(other.tenant_id)
    assert [one.provider for one in found] == ["sandbox", "bank", "wallet"]


async def test_a_tenant_without_accounts_has_none(house: House) -> None:
    assert await house.tenants.provider_accounts(TenantId(uuid7())) == ()


async def test_a_key_is_found_by_the_id_that_it_shows_digest_and_all(house: House) -> None:
    stored = house.tenant.api_key

    assert await house.api_keys.find(stored.key_id) == stored


async def test_an_unknown_key_is_not_found(house: House) -> None:
    assert await house.api_keys.find("key_of_nobody") is None
