"""A change in one process is true in another within a second, without a restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from dishka import AsyncContainer

from application.call import Call
from application.identity.open_tenant import OpenTenant, OpenTenantHandler
from application.ports.providers import AccountState, Providers
from application.providers.change_provider_account import ChangeProviderAccount, ChangeProviderAccountHandler
from application.providers.set_account_state import SetAccountState, SetAccountStateHandler
from domain.ids import ProviderAccountId, TenantId
from entrypoints.wiring.container import make_container
from tests.entrypoints.http.service import NOWHERE, settings_for
from tests.fakes.stores import Database

WITHIN_SECONDS = 30.0
"""Far above the second that is promised, which test_connected.py proves by a clock: here a hang is seen."""


@pytest.fixture
async def here(database: Database) -> AsyncIterator[AsyncContainer]:
    container = make_container(settings_for(database, sandbox_url=NOWHERE))
    yield container
    await container.close()


@pytest.fixture
async def elsewhere(database: Database) -> AsyncIterator[AsyncContainer]:
    """What another process has: an engine, a vault and a memory of its own."""
    container = make_container(settings_for(database, sandbox_url=NOWHERE))
    yield container
    await container.close()


async def becomes_true(asked: Callable[[], Awaitable[bool]]) -> bool:
    until = time.monotonic() + WITHIN_SECONDS
    while not await asked():
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_a_change_and_a_state_reach_another_process_that_is_in_the_middle_of_its_work(
    here: AsyncContainer, elsewhere: AsyncContainer
) -> None:
    tenant = (await (await here.get(OpenTenantHandler))(OpenTenant("A shop", "Operator"))).tenant_id
    providers: Providers = await elsewhere.get(Providers)
    (account,) = await providers.accounts(tenant)
    assert (await providers.terms(tenant, account.id)).deadline_seconds == 2.0

    await changed(here, tenant, account.id)

    async def has_changed() -> bool:
        terms = await providers.terms(tenant, account.id)
        return (terms.config_version, terms.deadline_seconds) == (2, 9.0)

    assert await becomes_true(has_changed)
    old = await providers.open(tenant, account.id, version=1)
    assert old.manifest.deadline_seconds == 2.0

    state = SetAccountState(id=account.id, state=AccountState.DISABLED)
    await (await here.get(SetAccountStateHandler))(state, call(tenant))

    async def is_disabled() -> bool:
        return not await providers.accounts(tenant)

    assert await becomes_true(is_disabled)


async def changed(container: AsyncContainer, tenant: TenantId, account: ProviderAccountId) -> None:
    """Give the account another deadline and another key."""
    command = ChangeProviderAccount(
        id=account,
        expected_version=1,
        config={"base_url": NOWHERE, "deadline_seconds": 9},
        credentials={"api_key": "sk_new", "callback_secrets": ["whsec_new"]},
    )
    await (await container.get(ChangeProviderAccountHandler))(command, call(tenant))


def call(tenant: TenantId) -> Call:
    return Call(tenant_id=tenant, actor="prn_1", request_id="req_1")
