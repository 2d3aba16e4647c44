"""The intention is committed before the provider hears of it, the outcome after it, and nothing is open in between."""

from collections.abc import Awaitable, Callable

import pytest

from application.ports.journal import Answer
from domain.dossier import Dossier
from domain.ids import PaymentId
from domain.payments import CaptureMode, OperationState, PaymentState
from domain.providers import Instruction, OperationKind
from tests.fakes.answers import told
from tests.fakes.desk import Desk, paid

Act = Callable[[Desk, PaymentId | None], Awaitable[Answer]]


async def _authorize(desk: Desk, _: PaymentId | None) -> Answer:
    return await desk.create("key", capture_mode=CaptureMode.MANUAL)


async def _capture(desk: Desk, payment_id: PaymentId | None) -> Answer:
    assert payment_id is not None
    return await desk.capture(payment_id, "key", amount_minor=400)


async def _refund(desk: Desk, payment_id: PaymentId | None) -> Answer:
    assert payment_id is not None
    return await desk.refund(payment_id, "key", amount_minor=300)


async def _void(desk: Desk, payment_id: PaymentId | None) -> Answer:
    assert payment_id is not None
    return await desk.cancel(payment_id, "key")


async def _nothing(_: Desk) -> PaymentId | None:
    return None


ACTS: dict[OperationKind, tuple[Callable[[Desk], Awaitable[PaymentId | None]], Act]] = {
    OperationKind.AUTHORIZE: (_nothing, _authorize),
    OperationKind.CAPTURE: (Desk.authorized, _capture),
    OperationKind.REFUND: (Desk.captured, _refund),
    OperationKind.VOID: (Desk.authorized, _void),
}
"""How each kind of operation comes about, from which payment."""

EVERY_KIND = pytest.mark.parametrize("kind", [one for one in OperationKind if one is not OperationKind.PAYOUT])


@EVERY_KIND
async def test_the_provider_is_called_only_for_what_is_written_down(desk: Desk, kind: OperationKind) -> None:
    begin, act = ACTS[kind]
    payment_id = await begin(desk)
    seen: list[tuple[Instruction, Dossier]] = []

    async def look(instruction: Instruction) -> None:
        operation_id = await desk.house.payments.find_operation(desk.house.tenant_id, instruction.key)
        assert operation_id is not None
        seen.append((instruction, await desk.house.payments.get_by_operation(desk.house.tenant_id, operation_id)))

    desk.provider.before_perform = look
    await act(desk, payment_id)

    ((instruction, dossier),) = seen
    operation = dossier.operations[-1]
    assert (operation.kind, operation.state, operation.key) == (kind, OperationState.SENDING, instruction.key)
    assert operation.amount == instruction.amount


@EVERY_KIND
async def test_the_money_is_held_and_the_event_on_its_way_before_the_provider_is_called(
    desk: Desk, kind: OperationKind
) -> None:
    begin, act = ACTS[kind]
    payment_id = await begin(desk)
    seen: list[tuple[str, str]] = []

    async def look(_: Instruction) -> None:
        dossier = await desk.dossier()
        hold_id = dossier.refunds[-1].hold_id if kind is OperationKind.REFUND else dossier.payment.hold_id
        seen.append(((await desk.house.windows.hold(hold_id)).state, (await desk.house.windows.outbox_tags())[-1]))

    desk.provider.before_perform = look
    await act(desk, payment_id)

    tags = {
        OperationKind.AUTHORIZE: "payment.attempt_started",
        OperationKind.CAPTURE: "payment.capture_started",
        OperationKind.REFUND: "refund.created",
        OperationKind.VOID: "payment.void_started",
    }
    assert seen == [("pending", tags[kind])]


@EVERY_KIND
async def test_the_outcome_is_written_down_with_the_answer_before_the_caller_hears_it(
    desk: Desk, kind: OperationKind
) -> None:
    begin, act = ACTS[kind]
    payment_id = await begin(desk)
    answer = await act(desk, payment_id)

    assert (answer.status, told(answer)["operation"]) == (201, "succeeded")
    operation = (await desk.dossier()).operations[-1]
    assert operation.state is OperationState.SUCCEEDED
    assert (await act(desk, payment_id)).body == answer.body


async def test_the_provider_is_told_all_that_it_must_know(desk: Desk) -> None:
    payment_id = await desk.authorized()
    await desk.capture(payment_id, amount_minor=400, final=True)
    authorization, capture = desk.provider.performed

    assert (authorization.capture, authorization.payment_method) == (False, "tok_visa")
    assert authorization.provider_reference is None
    assert authorization.callback_url is not None
    assert authorization.callback_url.startswith("https://pay.example/v1/callbacks/sandbox/pac_")
    assert (capture.final, capture.payment_method, capture.provider_reference) == (True, None, "ch_1")
    assert authorization.key != capture.key
    assert authorization.payment_id == capture.payment_id


async def test_a_payment_that_is_captured_at_once_says_so_to_the_provider(desk: Desk) -> None:
    await desk.captured()

    assert desk.provider.performed[0].capture


async def test_every_act_is_on_record(desk: Desk) -> None:
    payment_id = await desk.authorized()
    await desk.capture(payment_id)

    assert (await desk.house.windows.audit_actions())[1:] == [
        "payment.attempt_started",
        "payment.authorized",
        "payment.capture_started",
        "payment.captured",
    ]


async def test_a_payment_tells_its_whole_story(desk: Desk) -> None:
    payment_id = await desk.captured()
    await desk.refund(payment_id, amount_minor=300)
    history = await desk.history(payment_id)

    assert history.dossier.payment.state is PaymentState.SUCCEEDED
    assert len(history.events) == 5
    assert [(one.kind, one.direction, one.amount_minor) for one in history.entries] == [
        ("capture", "debit", 1000),
        ("capture", "credit", 1000),
        ("refund", "debit", 300),
        ("refund", "credit", 300),
    ]


@pytest.mark.parametrize("key", [None, "key"], ids=["without-key", "with-key"])
async def test_each_call_without_a_key_of_its_own_is_a_payment_of_its_own(desk: Desk, key: str | None) -> None:
    first, second = await desk.create(key), await desk.create(key)

    assert (paid(first) == paid(second)) is (key is not None)
