"""The promise of whoever keeps breakers: one setting for each account, with its author, on record, and no other's."""

from datetime import UTC, datetime

import pytest
from uuid_utils.compat import uuid7

from application.call import Call
from application.ports.provider_health import BreakerSetting, NewBreaker, StoredBreaker
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import ProviderAccountId, TenantId
from domain.moment import Moment
from tests.fakes.house import House
from tests.fakes.identity import a_tenant


def audit(house: House, actor: str = "prn_1") -> AuditRecord:
    call = Call(tenant_id=house.tenant_id, actor=actor, request_id="req_1")
    return call.audit("provider_account.breaker_set", "pac_1", Moment(datetime.now(UTC), uuid7))


async def put(house: House, setting: BreakerSetting, note: str | None = None, *, actor: str = "prn_1") -> StoredBreaker:
    breaker = NewBreaker(provider_account_id=house.account, setting=setting, note=note)
    return await house.breakers.put(house.tenant_id, breaker, audit=audit(house, actor))


async def test_before_anybody_set_it_a_breaker_is_on_auto_without_an_author(house: House) -> None:
    unset = StoredBreaker(provider_account_id=house.account, provider="sandbox")

    assert await house.breakers.get(house.tenant_id, house.account) == unset
    assert await house.breakers.all(house.tenant_id) == (unset,)
    assert await house.breakers.by_hand(house.tenant_id) == {}


@pytest.mark.parametrize("setting", BreakerSetting)
async def test_what_is_set_is_kept_with_its_author_its_note_and_its_time(house: House, setting: BreakerSetting) -> None:
    before = datetime.now(UTC)
    stored = await put(house, setting, "they are down")

    assert (stored.provider, stored.setting, stored.note, stored.actor) == (
        *("sandbox", setting, "they are down", "prn_1"),
    )
    assert stored.set_at is not None
    assert abs(stored.set_at - before).total_seconds() < 60
    assert await house.breakers.get(house.tenant_id, house.account) == stored
    assert await house.breakers.all(house.tenant_id) == (stored,)


async def test_the_last_one_counts_and_every_change_is_on_record(house: House) -> None:
    await put(house, BreakerSetting.OPEN, "they are down")
    last = await put(house, BreakerSetting.CLOSED, actor="prn_2")

    assert await house.breakers.get(house.tenant_id, house.account) == last
    assert (last.note, last.actor) == (None, "prn_2")
    assert (await house.windows.audit_actions()).count("provider_account.breaker_set") == 2


async def test_only_what_is_not_on_auto_was_set_by_hand(house: House) -> None:
    await put(house, BreakerSetting.OPEN)
    by_hand = await house.breakers.by_hand(house.tenant_id)
    await put(house, BreakerSetting.AUTO)

    assert by_hand == {house.account: BreakerSetting.OPEN}
    assert await house.breakers.by_hand(house.tenant_id) == {}


async def test_an_account_of_somebody_else_is_not_found_and_nothing_is_kept(house: House) -> None:
    stranger = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
    await house.tenants.open(stranger)
    theirs = (await house.tenants.provider_accounts(stranger.tenant_id))[0].id
    breaker = NewBreaker(provider_account_id=theirs, setting=BreakerSetting.OPEN)

    with pytest.raises(MediatorError) as unread:
        await house.breakers.get(house.tenant_id, theirs)
    with pytest.raises(MediatorError) as unset:
        await house.breakers.put(house.tenant_id, breaker, audit=audit(house))

    assert unread.value.entry is unset.value.entry is NOT_FOUND
    assert await house.breakers.by_hand(stranger.tenant_id) == {}
    assert await house.breakers.by_hand(house.tenant_id) == {}
    assert await house.windows.audit_actions() == ["tenant.opened"]
    assert await house.breakers.all(TenantId(uuid7())) == ()
