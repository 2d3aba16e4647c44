"""The promise of the inbox: what a provider sends is kept once, as it came, and its repetitions are counted."""

import asyncio

import msgspec
import pytest
from uuid_utils.compat import uuid7

from application.ports.callbacks import InboundCallback
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import EventId, ProviderAccountId, TenantId
from tests.fakes.house import House
from tests.fakes.world import MONDAY

RAW = b'{"id": "evt_1",\r\n "note": "\xc3\xbc"}\n'


def a_callback(house: House, event_id: str = "evt_1", raw: bytes = RAW) -> InboundCallback:
    """A callback of the tenant's provider."""
    return InboundCallback(
        tenant_id=house.tenant_id,
        provider_account_id=house.account,
        provider="sandbox",
        provider_event_id=event_id,
        kind="charge.succeeded",
        operation_key="opn_1",
        headers={"signature": "t=1,v1=ab", "content-type": "application/json"},
        raw=raw,
        received_at=MONDAY,
    )


async def receive(house: House, callback: InboundCallback) -> bool:
    """Store a callback with an event and an audit record of its own."""
    event = CallbackReceived(
        event_id=EventId(uuid7()),
        at=MONDAY,
        provider=callback.provider,
        provider_account_id=callback.provider_account_id,
        provider_event_id=callback.provider_event_id,
    )
    audit = AuditRecord(
        tenant_id=callback.tenant_id,
        id=event.event_id,
        at=MONDAY,
        actor="provider:sandbox",
        action="callback.received",
        subject=callback.provider_event_id,
        request_id="req_1",
        details={},
    )
    return await house.inbox.receive(callback, event, audit)


async def read(house: House, event_id: str = "evt_1") -> InboundCallback:
    """Read a callback back."""
    return await house.inbox.get(house.tenant_id, house.account, event_id)


async def test_a_callback_is_kept_to_the_byte_with_its_event_and_its_audit_record(house: House) -> None:
    assert await receive(house, a_callback(house))

    assert await read(house) == a_callback(house)
    assert await house.windows.outbox_tags() == ["callback.received"]
    assert (await house.windows.audit_actions())[-1] == "callback.received"


async def test_bytes_that_are_no_text_are_kept_too(house: House) -> None:
    raw = bytes(range(256))
    await receive(house, a_callback(house, raw=raw))

    assert (await read(house)).raw == raw


async def test_a_duplicate_is_counted_and_makes_no_second_event(house: House) -> None:
    await receive(house, a_callback(house))

    assert not await receive(house, a_callback(house))
    assert not await receive(house, msgspec.structs.replace(a_callback(house), raw=b"other bytes"))
    assert await house.windows.callback_count(house.account, "evt_1") == 3
    assert (await read(house)).raw == RAW
    assert await house.windows.outbox_tags() == ["callback.received"]
    assert (await house.windows.audit_actions()).count("callback.received") == 1


async def test_of_many_at_once_one_is_new(house: House) -> None:
    news = await asyncio.gather(*(receive(house, a_callback(house)) for _ in range(20)))

    assert sum(news) == 1
    assert await house.windows.callback_count(house.account, "evt_1") == 20


async def test_two_callbacks_are_two(house: House) -> None:
    assert await receive(house, a_callback(house, "evt_1"))
    assert await receive(house, a_callback(house, "evt_2"))


async def test_an_account_leads_to_its_tenant_and_an_unknown_one_to_nobody(house: House) -> None:
    assert await house.inbox.find_tenant(house.account) == house.tenant_id
    assert await house.inbox.find_tenant(ProviderAccountId(uuid7())) is None


async def test_what_was_never_received_is_not_found(house: House) -> None:
    with pytest.raises(MediatorError) as refusal:
        await read(house)
    assert refusal.value.entry is NOT_FOUND


async def test_another_tenant_does_not_find_it(house: House) -> None:
    await receive(house, a_callback(house))

    with pytest.raises(MediatorError) as refusal:
        await house.inbox.get(TenantId(uuid7()), house.account, "evt_1")
    assert refusal.value.entry is NOT_FOUND
