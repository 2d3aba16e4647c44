"""Callbacks are hints: signed or refused, kept once, and whatever they say the provider is asked what is true."""

import random

import msgspec
import pytest

from application.callbacks.event_line import PATIENCE
from application.hearing import Change
from application.ports.callbacks import CallbackFilter, CallbackSummary
from domain.callbacks import CallbackState
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.ids import Prefix, ProviderAccountId, public_id
from domain.payments import OperationState, PaymentState
from domain.providers import CallbackEvent, OperationKind, Rejected, Succeeded
from tests.fakes.desk import Desk
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.journal import MemoryJournal
from tests.fakes.providers import ScriptedProvider
from tests.fakes.story import DECLINED, PENDING


def notice_of(
    desk: Desk, event_id: str = "evt_1", *, key: str | None = None, kind: str = "charge.succeeded"
) -> CallbackEvent:
    """A callback about the last thing that was asked of the provider."""
    return CallbackEvent(event_id=event_id, kind=kind, operation_key=key or desk.provider.performed[-1].key)


async def pending_payment(desk: Desk) -> str:
    """Make a payment that the provider decides later; give its outbound key."""
    desk.provider.script(OperationKind.AUTHORIZE, PENDING)
    await desk.create("key")
    return desk.provider.performed[-1].key


def decide(desk: Desk, key: str, truth: Succeeded | Rejected) -> None:
    """Let the provider make up its mind."""
    desk.provider.truth[key] = truth


async def listed(desk: Desk) -> tuple[CallbackSummary, ...]:
    """Give everything that is kept."""
    return await desk.house.callbacks.page(desk.house.tenant_id, CallbackFilter(), before=None, limit=100)


async def accepted(desk: Desk) -> Succeeded:
    """The success of just what was asked for."""
    return Succeeded("ch_1", (await desk.dossier()).operations[-1].amount)


async def refused(desk: Desk, headers: dict[str, str], notice: CallbackEvent) -> MediatorError:
    """Receive a callback that must be refused."""
    with pytest.raises(MediatorError) as refusal:
        await desk.receive(notice, headers=headers)
    return refusal.value


async def test_a_signed_callback_is_kept_and_its_event_waits_for_a_worker(desk: Desk) -> None:
    await pending_payment(desk)

    assert (await desk.receive(notice_of(desk))).is_new
    assert (await desk.house.windows.outbox_tags())[-1] == "callback.received"
    assert (await desk.dossier()).payment.state is PaymentState.PROCESSING


async def test_applying_a_callback_asks_the_provider_and_writes_down_what_it_says(desk: Desk) -> None:
    key = await pending_payment(desk)
    receipt = await desk.receive(notice_of(desk))
    decide(desk, key, await accepted(desk))

    [effect] = await desk.apply(receipt)
    assert effect.subject == public_id(Prefix.PAYMENT, (await desk.dossier()).payment.id)
    assert Change("payment", "processing", "succeeded") in effect.changes
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def test_what_a_callback_claims_is_not_believed(desk: Desk) -> None:
    key = await pending_payment(desk)
    decide(desk, key, DECLINED)
    lie = msgspec.structs.replace(notice_of(desk), finding=await accepted(desk), operation_kind=OperationKind.AUTHORIZE)
    await desk.apply(await desk.receive(lie))

    assert (await desk.dossier()).payment.state is PaymentState.FAILED


async def test_a_duplicate_is_counted_and_changes_nothing(desk: Desk) -> None:
    key = await pending_payment(desk)
    receipts = [await desk.receive(notice_of(desk)) for _ in range(3)]
    decide(desk, key, await accepted(desk))
    for receipt in receipts:
        await desk.apply(receipt)

    callback = await desk.callback(receipts[0])
    assert [one.is_new for one in receipts] == [True, False, False]
    assert (callback.summary.seen_count, callback.events[0].seen_count) == (3, 3)
    assert len(desk.provider.looked_up) == 1
    assert len((await desk.history((await desk.dossier()).payment.id)).entries) == 2


@pytest.mark.parametrize("seed", range(10))
async def test_callbacks_in_any_order_and_any_number_end_alike(desk: Desk, seed: int) -> None:
    key = await pending_payment(desk)
    chance = random.Random(seed)  # noqa: S311 -- a repeatable shuffle
    receipts = [await desk.receive(notice_of(desk, f"evt_{number}", key=key)) for number in range(4)]
    work = receipts * 3
    chance.shuffle(work)
    decided_after = chance.randrange(len(work))
    for done, receipt in enumerate(work):
        if done == decided_after:
            decide(desk, key, await accepted(desk))
        desk.world.wait(PATIENCE * 2)
        await desk.receive(notice_of(desk, f"evt_{receipts.index(receipt)}", key=key))
        await desk.apply(receipt)

    history = await desk.history((await desk.dossier()).payment.id)
    assert history.dossier.payment.state is PaymentState.SUCCEEDED
    assert [one.amount_minor for one in history.entries] == [1000, 1000]


@pytest.mark.parametrize(
    "headers",
    [{}, {"signature": ""}, {"signature": "0" * 64}, {"Signature": "wrong name"}],
    ids=["none", "empty", "forged", "misnamed"],
)
async def test_a_callback_that_is_not_signed_is_refused_and_not_kept(desk: Desk, headers: dict[str, str]) -> None:
    await pending_payment(desk)
    waiting = await desk.house.windows.outbox_tags()

    assert (await refused(desk, headers, notice_of(desk))).entry is CALLBACK_REFUSED
    assert await desk.house.windows.outbox_tags() == waiting
    assert await listed(desk) == ()


async def test_a_signature_over_other_bytes_is_refused(desk: Desk) -> None:
    await pending_payment(desk)

    assert (await refused(desk, desk.provider.signed(b"other bytes"), notice_of(desk))).entry is CALLBACK_REFUSED


async def test_a_signature_with_another_secret_is_refused(desk: Desk) -> None:
    await pending_payment(desk)
    stranger = ScriptedProvider(secret=b"another secret")
    headers = stranger.signed(b'{"event_id":"evt_1"}')

    assert (await refused(desk, headers, notice_of(desk))).entry is CALLBACK_REFUSED


async def test_an_unknown_account_an_unknown_provider_and_a_bad_signature_are_refused_alike(desk: Desk) -> None:
    await pending_payment(desk)
    forged = await refused(desk, {"signature": "0" * 64}, notice_of(desk))
    no_account = await refused_at(desk, ProviderAccountId(desk.world.new_id()))
    no_provider = await refused_at(desk, desk.house.account, provider="bank")

    assert {str(error) for error in (forged, no_account, no_provider)} == {str(forged)}
    assert {error.entry for error in (forged, no_account, no_provider)} == {CALLBACK_REFUSED}


async def test_signed_bytes_that_cannot_be_read_are_kept_for_a_person(desk: Desk) -> None:
    receipt = await desk.receive_raw(b"{", desk.provider.signed(b"{"))

    assert await desk.apply(receipt) == ()
    callback = await desk.callback(receipt)
    assert (callback.raw, callback.summary.state, callback.summary.detail) == (
        b"{",
        CallbackState.UNREADABLE,
        "no event",
    )


async def test_a_callback_signed_by_one_provider_does_not_reach_the_account_at_another(desk: Desk) -> None:
    bank = ScriptedProvider("bank", secret=b"the bank's secret")
    desk.providers.switch_on(bank)
    await pending_payment(desk)
    raw = b'{"event_id":"evt_1","kind":"charge.succeeded"}'

    with pytest.raises(MediatorError) as refusal:
        await desk.receive_raw(raw, bank.signed(raw), desk.house.account, provider="bank")
    assert refusal.value.entry is CALLBACK_REFUSED


async def test_a_callback_about_nothing_of_ours_changes_nothing(desk: Desk) -> None:
    await pending_payment(desk)
    before = await desk.dossier()
    about_another = await desk.receive(notice_of(desk, "evt_1", key="opn_of_somebody_else"))
    about_nothing = await desk.receive(CallbackEvent(event_id="evt_2", kind="account.updated"))

    assert await desk.apply(about_another) == ()
    assert await desk.apply(about_nothing) == ()
    assert (await desk.callback(about_nothing)).summary.state is CallbackState.IGNORED
    assert await desk.dossier() == before
    assert desk.provider.looked_up == []


async def test_a_callback_of_one_tenant_does_not_reach_the_payment_of_another(desk: Desk) -> None:
    key = await pending_payment(desk)
    neighbour = a_tenant(desk.world.new_id(), ((ProviderAccountId(desk.world.new_id()), "sandbox"),), at=desk.world.now)
    assert isinstance(desk.house.journal, MemoryJournal)
    beside = Desk(memory_house(neighbour, database=desk.house.journal.database), desk.world, desk.provider)
    receipt = await beside.receive(notice_of(desk, key=key))

    assert await beside.apply(receipt) == ()
    assert desk.provider.looked_up == []


async def refused_at(desk: Desk, account: ProviderAccountId, *, provider: str = "sandbox") -> MediatorError:
    """Receive a well-signed callback at an address that is not ours."""
    raw = b'{"event_id":"evt_9","kind":"charge.succeeded"}'
    with pytest.raises(MediatorError) as refusal:
        await desk.receive_raw(raw, desk.provider.signed(raw), account, provider=provider)
    return refusal.value


async def test_a_callback_about_a_settled_operation_is_answered_and_changes_nothing(desk: Desk) -> None:
    await desk.create("key")
    before = await desk.dossier()
    await desk.apply(await desk.receive(notice_of(desk)))

    assert await desk.dossier() == before
    assert before.operations[-1].state is OperationState.SUCCEEDED


async def test_a_late_success_that_a_callback_tells_of_corrects_the_payment(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, DECLINED)
    await desk.create("key")
    key = desk.provider.performed[-1].key
    decide(desk, key, await accepted(desk))
    await desk.apply(await desk.receive(notice_of(desk)))

    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED
    assert (await desk.house.windows.audit_actions())[-1] == "payment.corrected"
