"""What callbacks are believed, what they are matched by, and by which way they may come."""

import msgspec
import pytest

from application.callbacks.event_line import EARLY, PATIENCE
from application.ports.journal import Conflict
from domain.callbacks import CallbackState
from domain.errors import CALLBACK_REFUSED, PROV_INTEGRITY_MISMATCH, MediatorError
from domain.ids import PaymentId
from domain.manifests import CallbackRule, CallbackTransport
from domain.money import Currency, Money
from domain.payments import OperationState, PaymentState, ProviderOperation
from domain.providers import AcceptedPending, CallbackEvent, Finding, OperationKind, Rejected, Succeeded, Unknown
from tests.fakes.desk import Desk, paid
from tests.fakes.providers import SIGNED_HINTS, SIGNED_TRUTHS, ScriptedProvider
from tests.fakes.story import DECLINED, NOT_SENT, PENDING

EUR = Currency("EUR")
KINDS = [OperationKind.AUTHORIZE, OperationKind.CAPTURE, OperationKind.REFUND, OperationKind.VOID]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def believing(desk: Desk, rule: CallbackRule = SIGNED_TRUTHS) -> Desk:
    """The same house with a provider whose callbacks are such."""
    return Desk(desk.house, desk.world, ScriptedProvider(callbacks=rule))


async def open_operation(desk: Desk, kind: OperationKind, told: Finding = PENDING) -> ProviderOperation:
    """Leave an operation of a kind open, with the provider knowing nothing more of it than it told."""
    payment_id: PaymentId | None = None
    if kind in {OperationKind.CAPTURE, OperationKind.VOID}:
        payment_id = await desk.authorized()
    if kind is OperationKind.REFUND:
        payment_id = await desk.captured()
    assert not isinstance(told, Rejected)
    desk.provider.script(kind, AcceptedPending("ch_1") if told is PENDING else Unknown("a doubt"))
    match kind:
        case OperationKind.CAPTURE:
            await desk.capture(payment_id or paid(await desk.create()))
        case OperationKind.VOID:
            await desk.cancel(payment_id or paid(await desk.create()))
        case OperationKind.REFUND:
            await desk.refund(payment_id or paid(await desk.create()), amount_minor=300)
        case _:
            await desk.create()
    return (await desk.dossier()).operations[-1]


def news(operation: ProviderOperation, finding: Finding | None = None, event_id: str = "evt_1") -> CallbackEvent:
    """An event that tells how an operation ended: by its key, well unless said otherwise."""
    return CallbackEvent(
        event_id=event_id,
        kind="told",
        operation_key=operation.key,
        operation_kind=operation.kind,
        finding=Succeeded("ch_1", operation.amount) if finding is None else finding,
    )


async def hear(desk: Desk, *said: CallbackEvent) -> None:
    """Receive events in one callback each, and act on them."""
    for one in said:
        await desk.apply(await desk.receive(one))


@EVERY_KIND
async def test_a_signed_truth_is_applied_as_it_stands(desk: Desk, kind: OperationKind) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, kind)
    await hear(desk, news(operation))

    assert (await desk.dossier()).operation(operation.id).state is OperationState.SUCCEEDED
    assert desk.provider.looked_up == []


@EVERY_KIND
@pytest.mark.parametrize("stated", [Money(1, EUR), Money(1000, Currency("USD"))], ids=["amount", "currency"])
async def test_a_signed_truth_about_another_amount_or_currency_is_for_a_person(
    desk: Desk, kind: OperationKind, stated: Money
) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, kind)
    await hear(desk, news(operation, Succeeded("ch_1", stated)))

    dossier = await desk.dossier()
    assert dossier.payment.state is PaymentState.NEEDS_REVIEW
    assert dossier.operation(operation.id).code == PROV_INTEGRITY_MISMATCH.code


@EVERY_KIND
@pytest.mark.parametrize("stated", [Money(1, EUR), Money(1000, Currency("USD"))], ids=["amount", "currency"])
async def test_an_answer_about_another_amount_or_currency_is_for_a_person(
    desk: Desk, kind: OperationKind, stated: Money
) -> None:
    operation = await open_operation(desk, kind)
    desk.provider.truth[operation.key] = Succeeded("ch_1", stated)
    await hear(desk, news(operation))

    dossier = await desk.dossier()
    assert dossier.payment.state is PaymentState.NEEDS_REVIEW
    assert dossier.operation(operation.id).code == PROV_INTEGRITY_MISMATCH.code


@pytest.mark.parametrize(
    "rule",
    [
        msgspec.structs.replace(SIGNED_TRUTHS, signature=None),
        msgspec.structs.replace(SIGNED_TRUTHS, transport=CallbackTransport.REDIRECT),
        SIGNED_HINTS,
    ],
    ids=["unsigned", "redirect", "hint"],
)
async def test_what_may_not_be_taken_at_its_word_is_asked_about(desk: Desk, rule: CallbackRule) -> None:
    desk = believing(desk, rule)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    raw = msgspec.json.encode(news(operation))
    await desk.apply(await desk.receive_raw(raw, desk.provider.signed(raw), transport=rule.transport))

    assert (await desk.dossier()).payment.state is PaymentState.PROCESSING
    assert [one.key for one in desk.provider.looked_up] == [operation.key]


async def test_a_callback_never_proves_that_nothing_was_sent(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    await hear(desk, news(operation, NOT_SENT))

    assert (await desk.dossier()).payment.state is PaymentState.PROCESSING


async def test_a_truth_without_a_finding_is_asked_about(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    await hear(desk, msgspec.structs.replace(news(operation), finding=None))

    assert [one.key for one in desk.provider.looked_up] == [operation.key]


async def test_an_operation_is_found_by_its_charge_and_its_kind(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.CAPTURE)
    charge = (await desk.dossier()).attempt.provider_reference
    await hear(desk, msgspec.structs.replace(news(operation), operation_key=None, provider_reference=charge))

    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def test_an_operation_is_found_by_the_providers_name_for_it(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.REFUND)
    desk.provider.script(OperationKind.REFUND, AcceptedPending("re_2"))
    await desk.refund((await desk.dossier()).payment.id, amount_minor=400)
    second = (await desk.dossier()).operations[-1]
    await hear(desk, msgspec.structs.replace(news(second), operation_key=None, operation_reference="re_2"))

    dossier = await desk.dossier()
    assert dossier.operation(second.id).state is OperationState.SUCCEEDED
    assert dossier.operation(operation.id).state is OperationState.ACCEPTED_PENDING


async def test_what_may_be_about_one_of_several_is_not_guessed_but_asked_about(desk: Desk) -> None:
    desk = believing(desk)
    first = await open_operation(desk, OperationKind.REFUND)
    desk.provider.script(OperationKind.REFUND, PENDING)
    await desk.refund((await desk.dossier()).payment.id, amount_minor=300)
    charge = (await desk.dossier()).attempt.provider_reference
    await hear(desk, msgspec.structs.replace(news(first), operation_key=None, provider_reference=charge))

    asked = {one.key for one in desk.provider.looked_up}
    assert asked == {one.key for one in (await desk.dossier()).operations if one.kind is OperationKind.REFUND}
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def test_an_unknown_name_for_an_operation_of_a_known_charge_is_asked_about(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.REFUND, Unknown("a doubt"))
    charge = (await desk.dossier()).attempt.provider_reference
    said = msgspec.structs.replace(
        news(operation), operation_key=None, provider_reference=charge, operation_reference="re_of_somebody"
    )
    await hear(desk, said)

    assert [one.key for one in desk.provider.looked_up] == [operation.key]
    assert (await desk.dossier()).operation(operation.id).state is OperationState.UNKNOWN


async def test_a_key_of_an_operation_at_another_account_is_about_nothing_here(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    elsewhere = msgspec.structs.replace((await desk.dossier()).attempt, provider_account_id=desk.world.new_id())
    desk.house.journal.database.tables(desk.house.tenant_id).attempts[elsewhere.id] = elsewhere  # type: ignore[attr-defined]  # in memory
    receipt = await desk.receive(news(operation))

    assert await desk.apply(receipt) == ()
    assert (await desk.dossier()).payment.state is PaymentState.PROCESSING


async def test_a_name_that_we_do_not_know_yet_is_waited_for_a_moment(desk: Desk) -> None:
    desk = believing(desk)
    said = CallbackEvent(event_id="evt_1", kind="k", provider_reference="ch_77", operation_kind=OperationKind.AUTHORIZE)
    receipt = await desk.receive(said)

    with pytest.raises(Conflict):
        await desk.apply(receipt)
    desk.world.wait(EARLY)
    assert await desk.apply(receipt) == ()
    callback = await desk.callback(receipt)
    assert (callback.summary.state, callback.events[0].detail) == (CallbackState.IGNORED, "it is about nothing of ours")


async def test_each_event_of_one_callback_is_applied_in_its_order(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    raw = msgspec.json.encode(
        (news(operation, PENDING, "evt_1"), news(operation, None, "evt_2"), news(operation, DECLINED, "evt_2"))
    )
    receipt = await desk.receive_raw(raw, desk.provider.signed(raw))
    await desk.apply(receipt)

    callback = await desk.callback(receipt)
    assert [(one.provider_event_id, one.state) for one in callback.events] == [
        ("evt_1", CallbackState.APPLIED),
        ("evt_2", CallbackState.APPLIED),
    ]
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def test_a_later_callback_waits_for_an_earlier_one_about_the_same_object_but_not_for_ever(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    first = await desk.receive(news(operation, PENDING, "evt_1"))
    second = await desk.receive(news(operation, None, "evt_2"))

    with pytest.raises(Conflict):
        await desk.apply(second)
    await desk.apply(first)
    await desk.apply(second)
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED

    third = await desk.receive(news(operation, PENDING, "evt_3"))
    fourth = await desk.receive(news(operation, PENDING, "evt_4"))
    desk.world.wait(PATIENCE * 2)
    await desk.apply(fourth)
    assert (await desk.callback(third)).summary.state is CallbackState.RECEIVED


async def test_what_was_cut_off_in_the_middle_is_carried_on(desk: Desk) -> None:
    desk = believing(desk)
    operation = await open_operation(desk, OperationKind.AUTHORIZE)
    receipt = await desk.receive(news(operation))
    desk.providers.before_open = dies
    with pytest.raises(RuntimeError):
        await desk.apply(receipt)
    desk.providers.before_open = None
    await desk.apply(receipt)

    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def dies() -> None:
    """End the process."""
    raise RuntimeError("the process was killed")


@pytest.mark.parametrize("came", [one for one in CallbackTransport if one is not CallbackTransport.FILE])
async def test_what_only_a_file_may_say_cannot_be_sent_another_way(desk: Desk, came: CallbackTransport) -> None:
    rule = msgspec.structs.replace(SIGNED_TRUTHS, transport=CallbackTransport.FILE)
    desk = believing(desk, rule)
    raw = msgspec.json.encode(CallbackEvent(event_id="evt_1", kind="k"))

    with pytest.raises(MediatorError) as refusal:
        await desk.receive_raw(raw, desk.provider.signed(raw), transport=came)
    assert refusal.value.entry is CALLBACK_REFUSED
    assert (await desk.receive_raw(raw, desk.provider.signed(raw), transport=CallbackTransport.FILE)).is_new


async def test_every_refusal_at_a_known_account_is_counted(desk: Desk) -> None:
    for headers in ({}, {"signature": "0" * 64}):
        with pytest.raises(MediatorError):
            await desk.receive_raw(b"{}", headers)
    with pytest.raises(MediatorError):
        await desk.receive_raw(b"{}", desk.provider.signed(b"{}"), provider="nobody")

    [refusals] = await desk.house.callbacks.refusals(desk.house.tenant_id)
    assert (refusals.provider_account_id, refusals.refused_count) == (desk.house.account, 3)
