"""The promise of the inbox: what a provider sends is kept once, as it came, and its repetitions are counted."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from uuid_utils.compat import uuid7

from application.ports.callbacks import CallbackFilter, InboundCallback, Receipt, StoredCallback, StoredEvent
from domain.audit import AuditRecord
from domain.callbacks import CallbackState
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import CallbackId, EventId, ProviderAccountId, TenantId
from domain.manifests import CallbackTransport
from domain.money import Currency, Money
from domain.providers import CallbackEvent, OperationKind, Succeeded, Unreadable
from tests.fakes.house import House
from tests.fakes.world import MONDAY

RAW = b'{"id": "evt_1",\r\n "note": "\xc3\xbc"}\n'
SAID = CallbackEvent(
    event_id="evt_1",
    kind="charge\x00\N{ROCKET}",
    provider_reference="ch_1",
    operation_kind=OperationKind.CAPTURE,
    finding=Succeeded("ch_1", Money(1000, Currency("EUR"))),
)


def a_callback(house: House, raw: bytes = RAW) -> InboundCallback:
    """A callback of the tenant's provider."""
    return InboundCallback(
        tenant_id=house.tenant_id,
        id=CallbackId(uuid7()),
        provider_account_id=house.account,
        provider="sandbox",
        transport=CallbackTransport.HTTP_POST,
        headers={"signature": "t=1,v1=ab", "content-type": "application/json"},
        raw=raw,
        received_at=MONDAY,
    )


def an_audit(house: House, action: str = "callback.received") -> AuditRecord:
    """A record of something that was done with a callback."""
    return AuditRecord(
        tenant_id=house.tenant_id,
        id=uuid7(),
        at=MONDAY,
        actor="provider:sandbox",
        action=action,
        subject="cbk_1",
        request_id="req_1",
        details={},
    )


async def receive(house: House, callback: InboundCallback, *, again: bool = False) -> Receipt:
    """Store a callback with an event and an audit record of its own."""
    event = CallbackReceived(
        event_id=EventId(uuid7()),
        at=MONDAY,
        provider=callback.provider,
        provider_account_id=callback.provider_account_id,
        callback_id=callback.id,
    )
    return await house.inbox.receive(callback, event, an_audit(house), again=again)


async def read(house: House, *said: CallbackEvent, raw: bytes = RAW) -> CallbackId:
    """Receive a callback and read this from it."""
    receipt = await receive(house, a_callback(house, raw))
    await house.inbox.read(house.tenant_id, receipt.callback_id, said)
    return receipt.callback_id


async def look(house: House, callback_id: CallbackId) -> StoredCallback:
    """Read a callback back."""
    return await house.inbox.get(house.tenant_id, callback_id)


async def seen(house: House, receipt: Receipt) -> int:
    """How often a callback came."""
    return (await look(house, receipt.callback_id)).summary.seen_count


def named(event_id: str, lane: str = "ch_1") -> CallbackEvent:
    """An event about an object."""
    return CallbackEvent(event_id=event_id, kind="charge.captured", provider_reference=lane)


async def test_a_callback_is_kept_to_the_byte_with_its_event_and_its_audit_record(house: House) -> None:
    sent = a_callback(house)
    receipt = await receive(house, sent)

    kept = await look(house, receipt.callback_id)
    assert receipt == Receipt(house.tenant_id, sent.id, is_new=True)
    assert (kept.raw, kept.headers, kept.summary.received_at) == (sent.raw, sent.headers, sent.received_at)
    assert (kept.summary.state, kept.summary.read_at, kept.events) == (CallbackState.RECEIVED, None, ())
    assert await house.windows.outbox_tags() == ["callback.received"]
    assert (await house.windows.audit_actions())[-1] == "callback.received"


@pytest.mark.parametrize("raw", [bytes(range(256)), b"", b"x" * 1_000_000], ids=["no text", "nothing", "a megabyte"])
async def test_any_bytes_are_kept(house: House, raw: bytes) -> None:
    receipt = await receive(house, a_callback(house, raw))

    kept = await look(house, receipt.callback_id)
    assert (kept.raw == raw, kept.summary.size_bytes) == (True, len(raw))


async def test_the_same_bytes_are_a_duplicate_that_is_counted_and_makes_no_second_event(house: House) -> None:
    first = await receive(house, a_callback(house))
    second = await receive(house, a_callback(house), again=True)

    assert (second.callback_id, second.is_new) == (first.callback_id, False)
    assert await seen(house, first) == 2
    assert await house.windows.outbox_tags() == ["callback.received"]
    assert (await house.windows.audit_actions()).count("callback.received") == 1


async def test_of_many_at_once_one_is_new(house: House) -> None:
    receipts = await asyncio.gather(*(receive(house, a_callback(house)) for _ in range(20)))

    assert sum(one.is_new for one in receipts) == 1
    assert len({one.callback_id for one in receipts}) == 1
    assert await seen(house, receipts[0]) == 20


async def test_other_bytes_are_another_callback(house: House) -> None:
    first, second = await receive(house, a_callback(house)), await receive(house, a_callback(house, RAW + b" "))

    assert (first.is_new, second.is_new) == (True, True)
    assert first.callback_id != second.callback_id


async def test_a_duplicate_of_a_hint_that_was_dealt_with_waits_for_a_worker_again(house: House) -> None:
    callback_id = await dealt_with(house)
    await receive(house, a_callback(house), again=True)

    kept = await look(house, callback_id)
    assert (kept.summary.state, kept.events[0].state) == (CallbackState.RECEIVED, CallbackState.RECEIVED)
    assert await house.windows.outbox_tags() == ["callback.received"] * 2


async def test_a_duplicate_of_a_truth_that_was_dealt_with_is_only_counted(house: House) -> None:
    callback_id = await dealt_with(house)
    await receive(house, a_callback(house), again=False)

    kept = await look(house, callback_id)
    assert (kept.summary.state, kept.summary.seen_count, kept.events[0].seen_count) == (CallbackState.APPLIED, 2, 2)
    assert await house.windows.outbox_tags() == ["callback.received"]


async def dealt_with(house: House) -> CallbackId:
    """Read and apply a callback with one event."""
    callback_id = await read(house, SAID)
    event = (await look(house, callback_id)).events[0]
    await house.inbox.settle(house.tenant_id, event, CallbackState.APPLIED, subject="pay_1")
    await house.inbox.finish(house.tenant_id, callback_id)
    return callback_id


async def test_everything_that_was_read_is_kept_in_its_order(house: House) -> None:
    callback_id = await read(house, SAID, named("evt_0"), named("evt_9", "ch_2"))

    kept = await look(house, callback_id)
    assert [(one.provider_event_id, one.lane) for one in kept.events] == [
        ("evt_1", "ch_1"),
        ("evt_0", "ch_1"),
        ("evt_9", "ch_2"),
    ]
    assert kept.events[0].said == SAID
    assert kept.summary.read_at is not None


async def test_what_was_read_once_is_not_read_over(house: House) -> None:
    callback_id = await read(house, SAID)
    await house.inbox.read(house.tenant_id, callback_id, (named("evt_2"),))
    await house.inbox.read(house.tenant_id, callback_id, Unreadable("no"))

    kept = await look(house, callback_id)
    assert ([one.said for one in kept.events], kept.summary.state) == ([SAID], CallbackState.RECEIVED)


async def test_what_cannot_be_read_says_why(house: House) -> None:
    receipt = await receive(house, a_callback(house))
    await house.inbox.read(house.tenant_id, receipt.callback_id, Unreadable("no event"))
    await house.inbox.finish(house.tenant_id, receipt.callback_id)

    summary = (await look(house, receipt.callback_id)).summary
    assert (summary.state, summary.detail) == (CallbackState.UNREADABLE, "no event")


async def test_an_event_that_came_before_in_other_bytes_stays_with_those_and_is_counted(house: House) -> None:
    first = await read(house, named("evt_1"), named("evt_1"))
    second = await read(house, named("evt_1", "ch_other"), named("evt_2"), raw=b"other")

    [kept] = (await look(house, first)).events
    assert (kept.seen_count, kept.lane) == (2, "ch_1")
    assert [one.provider_event_id for one in (await look(house, second)).events] == ["evt_2"]


@pytest.mark.parametrize("name", ["", "e" * 256, "evt_\x00", "evt\n1"], ids=["none", "long", "a NUL", "a line"])
async def test_whatever_an_event_is_called_it_is_kept_under_a_name(house: House, name: str) -> None:
    callback_id = await read(house, CallbackEvent(event_id=name, kind="k"))

    [kept] = (await look(house, callback_id)).events
    assert (len(kept.provider_event_id), kept.said.event_id) == (64, name)


async def test_what_is_not_read_yet_is_given_in_order_of_receipt(house: House) -> None:
    ids = [(await receive(house, a_callback(house, b"%d" % n))).callback_id for n in range(5)]
    await house.inbox.read(house.tenant_id, ids[1], ())

    assert await house.inbox.unread(house.tenant_id, house.account, up_to=ids[3], limit=2) == (ids[0], ids[2])
    assert await house.inbox.unread(house.tenant_id, house.account, up_to=ids[3], limit=9) == (ids[0], ids[2], ids[3])
    assert await house.inbox.unread(house.tenant_id, ProviderAccountId(uuid7()), up_to=ids[3], limit=9) == ()


async def waits(house: House, event: StoredEvent, *, since: timedelta = timedelta()) -> bool:
    """Whether an event waits for one that came since then."""
    return await house.inbox.must_wait(house.tenant_id, event, since=MONDAY + since)


async def test_an_event_waits_for_the_earlier_ones_of_its_lane_only(house: House) -> None:
    first = (await look(house, await read(house, named("evt_1"), named("evt_2"), raw=b"1"))).events
    other, last = (await look(house, await read(house, named("evt_3", "ch_2"), named("evt_4"), raw=b"2"))).events

    assert [await waits(house, one) for one in (*first, other, last)] == [False, True, False, True]
    assert not await waits(house, last, since=timedelta(seconds=1))
    for one in first:
        await house.inbox.settle(house.tenant_id, one, CallbackState.IGNORED, detail="nothing of ours")
    assert not await waits(house, last)


async def test_a_callback_is_finished_when_none_of_its_events_waits(house: House) -> None:
    callback_id = await read(house, named("evt_1"), named("evt_2"))
    first, second = (await look(house, callback_id)).events

    states = []
    for event, state in ((first, CallbackState.IGNORED), (second, CallbackState.APPLIED)):
        await house.inbox.settle(house.tenant_id, event, state, subject="pay_1")
        await house.inbox.finish(house.tenant_id, callback_id)
        states.append((await look(house, callback_id)).summary.state)
    assert states == [CallbackState.RECEIVED, CallbackState.APPLIED]


async def test_a_callback_without_anything_new_is_ignored(house: House) -> None:
    callback_id = await read(house)
    await house.inbox.finish(house.tenant_id, callback_id)

    assert (await look(house, callback_id)).summary.state is CallbackState.IGNORED


async def test_what_is_not_read_yet_is_not_finished(house: House) -> None:
    receipt = await receive(house, a_callback(house))
    await house.inbox.finish(house.tenant_id, receipt.callback_id)

    assert (await look(house, receipt.callback_id)).summary.state is CallbackState.RECEIVED


async def test_reading_anew_replaces_what_was_read_and_is_on_record(house: House) -> None:
    callback_id = await dealt_with(house)
    changed = msgspec.structs.replace(SAID, kind="charge.refunded")
    said = (named("evt_2"), changed)
    await house.inbox.reread(house.tenant_id, callback_id, said, an_audit(house, "callback.replayed"))

    kept = await look(house, callback_id)
    assert [(one.said, one.state) for one in kept.events] == [(one, CallbackState.RECEIVED) for one in said]
    assert kept.events[1].seen_count == 1
    assert (await house.windows.audit_actions())[-1] == "callback.replayed"


async def test_what_is_no_longer_read_is_kept_and_says_so(house: House) -> None:
    callback_id = await dealt_with(house)
    await house.inbox.reread(house.tenant_id, callback_id, Unreadable("no"), an_audit(house))

    kept = await look(house, callback_id)
    assert (kept.summary.state, kept.events[0].state) == (CallbackState.UNREADABLE, CallbackState.IGNORED)
    assert kept.events[0].detail == "it is no longer read from these bytes"


async def test_what_was_refused_is_counted_by_account_and_leaves_nothing_else(house: House) -> None:
    assert await house.callbacks.refusals(house.tenant_id) == ()
    await asyncio.gather(*(house.inbox.count_refusal(house.tenant_id, house.account) for _ in range(3)))

    [refusals] = await house.callbacks.refusals(house.tenant_id)
    assert (refusals.provider_account_id, refusals.refused_count) == (house.account, 3)
    assert await page(house) == []


async def page(
    house: House, wanted: CallbackFilter | None = None, *, before: CallbackId | None = None, limit: int = 9
) -> list[CallbackId]:
    """List callbacks."""
    found = await house.callbacks.page(house.tenant_id, wanted or CallbackFilter(), before=before, limit=limit)
    return [one.id for one in found]


async def test_callbacks_are_listed_newest_first_in_pages(house: House) -> None:
    ids = [(await receive(house, a_callback(house, b"%d" % n))).callback_id for n in range(3)]

    assert await page(house, limit=2) == [ids[2], ids[1]]
    assert await page(house, before=ids[1]) == [ids[0]]


async def test_every_condition_of_a_list_must_hold(house: House) -> None:
    callback_id = await read(house)
    at = timedelta(minutes=1)
    matching = CallbackFilter(
        provider_account_id=house.account,
        provider="sandbox",
        state=CallbackState.RECEIVED,
    )

    assert await page(house, matching) == [callback_id]
    for other in (
        msgspec.structs.replace(matching, provider_account_id=ProviderAccountId(uuid7())),
        msgspec.structs.replace(matching, provider="bank"),
        msgspec.structs.replace(matching, state=CallbackState.APPLIED),
        msgspec.structs.replace(matching, received_before=MONDAY),
        msgspec.structs.replace(matching, received_from=MONDAY + at),
    ):
        assert await page(house, other) == []


async def test_an_account_leads_to_its_tenant_and_an_unknown_one_to_nobody(house: House) -> None:
    assert await house.inbox.find_tenant(house.account) == house.tenant_id
    assert await house.inbox.find_tenant(ProviderAccountId(uuid7())) is None


async def test_what_was_never_received_is_not_found(house: House) -> None:
    with pytest.raises(MediatorError) as refusal:
        await look(house, CallbackId(uuid7()))
    assert refusal.value.entry is NOT_FOUND


async def test_another_tenant_does_not_find_it(house: House) -> None:
    receipt = await receive(house, a_callback(house))

    with pytest.raises(MediatorError) as refusal:
        await house.inbox.get(TenantId(uuid7()), receipt.callback_id)
    assert refusal.value.entry is NOT_FOUND
