"""Cancelling a payment in every state that it can be in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.authorizing import UNSENT_LIFETIME
from domain.errors import NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import PaymentId
from domain.payments import CaptureMode, PaymentState
from domain.providers import OperationKind, Outcome
from tests.fakes.answers import told
from tests.fakes.desk import Desk, paid
from tests.fakes.story import ACTION, DECLINED, NOT_SENT, PENDING, UNKNOWN

Begin = Callable[[Desk], Awaitable[PaymentId]]


def ending(*outcomes: Outcome) -> Begin:
    """A payment whose authorization ended so."""

    async def begin(desk: Desk) -> PaymentId:
        desk.provider.script(OperationKind.AUTHORIZE, *outcomes)
        return paid(await desk.create(capture_mode=CaptureMode.MANUAL))

    return begin


async def _partially_captured(desk: Desk) -> PaymentId:
    payment_id = await desk.authorized()
    await desk.capture(payment_id, amount_minor=400)
    return payment_id


async def _cancelled(desk: Desk) -> PaymentId:
    payment_id = await desk.authorized()
    await desk.cancel(payment_id)
    return payment_id


async def _expired(desk: Desk) -> PaymentId:
    payment_id = await ending(NOT_SENT)(desk)
    desk.world.wait(UNSENT_LIFETIME + timedelta(minutes=1))
    await desk.expire(payment_id)
    return payment_id


async def _capture_unknown(desk: Desk) -> PaymentId:
    payment_id = await desk.authorized()
    desk.provider.script(OperationKind.CAPTURE, UNKNOWN)
    await desk.capture(payment_id)
    return payment_id


@pytest.mark.parametrize(
    ("begin", "state", "captured_minor", "asks_the_provider"),
    [
        (ending(NOT_SENT), PaymentState.CANCELLED, 0, False),
        (ending(PENDING), PaymentState.CANCELLED, 0, True),
        (ending(ACTION), PaymentState.CANCELLED, 0, True),
        (Desk.authorized, PaymentState.CANCELLED, 0, True),
        (_partially_captured, PaymentState.SUCCEEDED, 400, True),
    ],
    ids=["created", "pending", "requires-action", "authorized", "partially-captured"],
)
async def test_what_is_not_captured_is_let_go(
    desk: Desk, begin: Begin, state: PaymentState, captured_minor: int, *, asks_the_provider: bool
) -> None:
    payment_id = await begin(desk)
    answer = await desk.cancel(payment_id, "key")

    assert (answer.status, told(answer)["state"]) == (201 if asks_the_provider else 200, state)
    payment = (await desk.dossier(payment_id)).payment
    assert (payment.state, payment.captured_minor) == (state, captured_minor)
    assert (await desk.house.windows.hold(payment.hold_id)).state == ("posted" if captured_minor else "voided")
    assert desk.provider.effects(OperationKind.VOID) == int(asks_the_provider)


@pytest.mark.parametrize(
    "begin",
    [ending(UNKNOWN), ending(DECLINED), Desk.captured, _cancelled, _expired, _capture_unknown],
    ids=["unknown", "failed", "succeeded", "cancelled", "expired", "capture-unknown"],
)
async def test_nothing_is_cancelled_that_is_over_or_in_doubt(desk: Desk, begin: Begin) -> None:
    payment_id = await begin(desk)
    before = await desk.dossier(payment_id)
    voided = desk.provider.effects(OperationKind.VOID)

    with pytest.raises(MediatorError) as refusal:
        await desk.cancel(payment_id, "key")

    assert refusal.value.entry is STATE_CONFLICT
    assert await desk.dossier(payment_id) == before
    assert desk.provider.effects(OperationKind.VOID) == voided


@pytest.mark.parametrize(
    ("outcome", "status", "state"),
    [
        (DECLINED, 402, PaymentState.AUTHORIZED),
        (NOT_SENT, 503, PaymentState.AUTHORIZED),
        (UNKNOWN, 202, PaymentState.AUTHORIZED),
        (PENDING, 202, PaymentState.AUTHORIZED),
    ],
    ids=["rejected", "not-sent", "unknown", "pending"],
)
async def test_a_cancellation_that_is_not_confirmed_leaves_the_money_held(
    desk: Desk, outcome: Outcome, status: int, state: PaymentState
) -> None:
    payment_id = await desk.authorized()
    desk.provider.script(OperationKind.VOID, outcome)
    answer = await desk.cancel(payment_id, "key")

    assert answer.status == status
    payment = (await desk.dossier(payment_id)).payment
    assert payment.state is state
    assert (await desk.house.windows.hold(payment.hold_id)).state == "pending"


async def test_a_payment_that_does_not_exist_is_not_cancelled(desk: Desk) -> None:
    with pytest.raises(MediatorError) as refusal:
        await desk.cancel(PaymentId(desk.world.new_id()), "key")
    assert refusal.value.entry is NOT_FOUND


async def test_expiring_is_refused_as_long_as_there_is_time(desk: Desk) -> None:
    payment_id = await ending(NOT_SENT)(desk)

    with pytest.raises(MediatorError) as refusal:
        await desk.expire(payment_id)
    assert refusal.value.entry is STATE_CONFLICT


async def test_what_expired_is_not_tried_again(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
    payment_id = paid(await desk.create("key"))
    desk.world.wait(UNSENT_LIFETIME + timedelta(minutes=1))
    await desk.expire(payment_id)

    with pytest.raises(MediatorError) as refusal:
        await desk.create("key")
    assert refusal.value.entry is STATE_CONFLICT
    assert (await desk.dossier(payment_id)).payment.state is PaymentState.EXPIRED
    assert desk.provider.effects(OperationKind.AUTHORIZE) == 0
