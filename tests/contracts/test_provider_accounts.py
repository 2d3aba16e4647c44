"""The promise of who keeps provider accounts: versions are only added, and the highest whose time has come holds."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from application.ports.journal import Claim, IdempotencyKey
from application.ports.provider_accounts import AccountChange, AccountVersion, ConnectedAccount, NewProviderAccount
from application.ports.providers import AccountState
from domain.audit import AuditRecord
from domain.errors import IDEM_IN_FLIGHT, IDEM_MISMATCH, NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.house import House

LATER = timedelta(hours=1)
NOBODY = ProviderAccountId(uuid7())


def audit(house: House, action: str) -> AuditRecord:
    return AuditRecord(
        tenant_id=house.tenant_id,
        id=uuid7(),
        at=datetime.now(UTC),
        actor="prn_1",
        action=action,
        subject="pac_1",
        request_id="req_1",
        details={},
    )


async def connected(house: House, claim: Claim | None = None) -> ConnectedAccount:
    """Connect an account with the words of its first version."""
    account = NewProviderAccount(
        id=ProviderAccountId(uuid7()),
        provider="bank",
        name="Bank",
        config={"word": "first", "number": 1.5},
        credentials=b"sealed 1",
        actor="prn_1",
        note="new",
    )
    made = await house.accounts.connect(house.tenant_id, account, audit=audit(house, "connected"), claim=claim)
    assert isinstance(made, ConnectedAccount)
    return made


async def changed(house: House, account: ConnectedAccount, after: int, **changes: Any) -> AccountVersion:
    change = AccountChange(id=account.id, expected_version=after, actor="prn_2", **changes)
    return await house.accounts.change(house.tenant_id, change, audit=audit(house, "changed"))


async def test_an_account_is_in_force_as_soon_as_it_is_connected(house: House) -> None:
    account = await connected(house)

    assert await house.account_queries.get(house.tenant_id, account.id) == account
    assert (account.provider, account.name, account.state, account.latest_version) == (
        "bank",
        "Bank",
        AccountState.ENABLED,
        1,
    )
    first = account.in_force
    assert (first.version, first.config, first.credentials_version) == (1, {"word": "first", "number": 1.5}, 1)
    assert (first.note, first.actor, first.rolled_back_from) == ("new", "prn_1", None)
    (_, now) = await house.accounts_in_force.in_force(house.tenant_id)
    assert (now.id, now.provider, now.version, now.credentials_version) == (account.id, "bank", 1, 1)
    assert await house.accounts_in_force.find_config(house.tenant_id, account.id, 1) == first.config
    assert await house.accounts_in_force.find_sealed(house.tenant_id, account.id, 1) == b"sealed 1"
    assert "connected" in await house.windows.audit_actions()


async def test_callbacks_find_the_tenant_of_an_account_that_was_connected(house: House) -> None:
    account = await connected(house)

    assert await house.inbox.find_tenant(account.id) == house.tenant_id


async def test_a_version_keeps_what_it_does_not_change(house: House) -> None:
    account = await connected(house)

    words = await changed(house, account, 1, config={"word": "second"})
    key = await changed(house, account, 2, credentials=b"sealed 3", note="rotated")

    assert (words.version, words.config, words.credentials_version) == (2, {"word": "second"}, 1)
    assert (key.version, key.config, key.credentials_version, key.note) == (3, {"word": "second"}, 3, "rotated")
    assert await house.accounts_in_force.find_sealed(house.tenant_id, account.id, 2) is None
    assert await house.accounts_in_force.find_sealed(house.tenant_id, account.id, 3) == b"sealed 3"
    assert (await house.account_queries.get(house.tenant_id, account.id)).in_force == key
    assert await house.account_queries.version(house.tenant_id, account.id, 1) == account.in_force


async def test_a_version_for_later_waits_for_its_time(house: House) -> None:
    account = await connected(house)
    until = datetime.now(UTC) + LATER

    waiting = await changed(house, account, 1, config={"word": "later"}, effective_from=until)

    now = await house.account_queries.get(house.tenant_id, account.id)
    assert (now.in_force.version, now.latest_version, waiting.effective_from) == (1, 2, until)
    assert [one.version for one in await house.accounts_in_force.in_force(house.tenant_id)] == [1, 1]


async def test_what_was_meant_for_before_is_in_force_at_once_and_not_earlier(house: House) -> None:
    account = await connected(house)

    version = await changed(house, account, 1, config={}, effective_from=datetime.now(UTC) - LATER)

    assert version.effective_from == version.created_at


async def test_an_urgent_version_takes_nothing_from_one_that_waits(house: House) -> None:
    account = await connected(house)
    until = datetime.now(UTC) + LATER
    await changed(house, account, 1, config={"word": "later"}, credentials=b"sealed 2", effective_from=until)

    urgent = await changed(house, account, 2, config={"word": "now"})
    after_it = await changed(house, account, 3, config={"word": "last"}, effective_from=until + LATER)

    assert (urgent.version, urgent.credentials_version) == (3, 1)
    assert after_it.credentials_version == 1


async def test_a_version_for_later_follows_the_one_that_waits_before_it(house: House) -> None:
    account = await connected(house)
    until = datetime.now(UTC) + LATER
    await changed(house, account, 1, credentials=b"sealed 2", effective_from=until)

    after_it = await changed(house, account, 2, config={"word": "last"}, effective_from=until + LATER)

    assert after_it.credentials_version == 2


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_who_has_not_seen_the_latest_version_changes_nothing(house: House, after: int) -> None:
    account = await connected(house)
    await changed(house, account, 1, config={})

    with pytest.raises(MediatorError) as refused:
        await changed(house, account, after, config={})

    assert refused.value.entry is STATE_CONFLICT
    assert (await house.account_queries.get(house.tenant_id, account.id)).latest_version == 2
    assert (await house.windows.audit_actions()).count("changed") == 1


async def test_of_two_who_change_at_once_one_is_told_to_look_again(house: House) -> None:
    account = await connected(house)

    both = await asyncio.gather(
        changed(house, account, 1, config={}), changed(house, account, 1, config={}), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in both) == ["AccountVersion", "MediatorError"]


async def test_a_state_is_set_once_however_often_it_is_set(house: House) -> None:
    account = await connected(house)

    for _ in range(2):
        off = await house.accounts.set_state(
            house.tenant_id, account.id, AccountState.DISABLED, audit=audit(house, "disabled")
        )
        assert off.state is AccountState.DISABLED

    assert [one.state for one in await house.accounts_in_force.in_force(house.tenant_id)] == ["enabled", "disabled"]
    assert (await house.windows.audit_actions()).count("disabled") == 1


async def test_versions_and_accounts_are_listed_page_by_page(house: House) -> None:
    account = await connected(house)
    for after in (1, 2):
        await changed(house, account, after, config={"word": str(after)})
    queries, tenant = house.account_queries, house.tenant_id

    newest = await queries.versions(tenant, account.id, before=None, limit=2)
    older = await queries.versions(tenant, account.id, before=2, limit=2)
    first = await queries.page(tenant, after=None, limit=1)
    second = await queries.page(tenant, after=first[0].id, limit=5)

    assert [one.version for one in (*newest, *older)] == [3, 2, 1]
    assert [one.id for one in (*first, *second)] == [house.account, account.id]
    assert await queries.versions(tenant, NOBODY, before=None, limit=2) == ()


async def test_an_account_that_is_not_there_is_not_found(house: House) -> None:
    somebody = await connected(house)
    another = TenantId(uuid7())
    asked = [
        house.account_queries.get(house.tenant_id, NOBODY),
        house.account_queries.get(another, somebody.id),
        house.account_queries.version(house.tenant_id, somebody.id, 2),
        house.account_queries.version(another, somebody.id, 1),
        house.accounts.set_state(house.tenant_id, NOBODY, AccountState.DISABLED, audit=audit(house, "disabled")),
        house.accounts.change(
            house.tenant_id,
            AccountChange(id=NOBODY, expected_version=1, actor="prn_2", config={}),
            audit=audit(house, "changed"),
        ),
    ]

    for one in asked:
        with pytest.raises(MediatorError) as refused:
            await one
        assert refused.value.entry is NOT_FOUND
    assert await house.accounts_in_force.find_config(another, somebody.id, 1) is None
    assert await house.accounts_in_force.find_sealed(another, somebody.id, 1) is None
    assert await house.accounts_in_force.in_force(another) == ()


async def test_an_account_is_connected_once_under_one_key(house: House) -> None:
    key = IdempotencyKey("POST /v1/provider-accounts", "k", b"a" * 32)
    claim = Claim(key, uuid7(), 30.0)
    await connected(house, claim)

    with pytest.raises(MediatorError) as running:
        await connected(house, claim)
    with pytest.raises(MediatorError) as other:
        await connected(house, Claim(IdempotencyKey(key.route, key.key, b"b" * 32), uuid7(), 30.0))

    assert (running.value.entry, other.value.entry) == (IDEM_IN_FLIGHT, IDEM_MISMATCH)
    assert len(await house.account_queries.page(house.tenant_id, after=None, limit=9)) == 2
