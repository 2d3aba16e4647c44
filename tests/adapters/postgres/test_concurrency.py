"""Many at once at a real database: one key one payment, never more than there is, nothing lost to a lock."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.proof import CHECKS, PostgresProof
from application.ports.journal import Answer
from domain.errors import (
    IDEM_IN_FLIGHT,
    REFUND_EXCEEDS_CAPTURE,
    SERVICE_UNAVAILABLE,
    STATE_CONFLICT,
    ErrorCode,
    MediatorError,
)
from domain.payments import PaymentState
from domain.providers import OperationKind
from tests.fakes.desk import Desk, paid
from tests.fakes.story import NOT_SENT


@pytest.fixture(autouse=True)
async def _the_books_are_proved_afterwards(desk: Desk, engine: AsyncEngine) -> AsyncIterator[None]:
    yield
    for check in CHECKS:
        assert await PostgresProof(engine).check(desk.house.tenant_id, check) == ()


def answers(ends: Iterable[Answer | BaseException]) -> list[Answer]:
    """Give those that were answered."""
    return [end for end in ends if isinstance(end, Answer)]


def refusals(ends: Iterable[Answer | BaseException]) -> set[ErrorCode]:
    """Give why the others were refused; anything that is no refusal of the catalogue fails the test."""
    errors = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(error, MediatorError) for error in errors), errors
    return {error.entry for error in errors if isinstance(error, MediatorError)}


async def test_fifty_calls_with_one_key_make_one_payment(desk: Desk) -> None:
    ends = await asyncio.gather(*(desk.create("key") for _ in range(50)), return_exceptions=True)

    assert refusals(ends) <= {IDEM_IN_FLIGHT}
    assert len({answer.body for answer in answers(ends)}) == 1
    assert sum(not answer.replayed for answer in answers(ends)) == 1
    assert len(await desk.payments()) == 1
    assert len(desk.provider.performed) == 1


async def test_twenty_refunds_at_once_never_give_back_more_than_was_captured(desk: Desk) -> None:
    payment_id = await desk.captured()

    ends = await asyncio.gather(
        *(desk.refund(payment_id, f"key-{number}", amount_minor=300) for number in range(20)), return_exceptions=True
    )

    assert refusals(ends) <= {REFUND_EXCEEDS_CAPTURE, SERVICE_UNAVAILABLE}
    given_back = (await desk.dossier()).payment.refunded_minor
    assert given_back == 300 * len(answers(ends)) == 300 * desk.provider.effects(OperationKind.REFUND)
    assert 300 <= given_back <= 900


async def test_of_two_captures_at_once_one_goes_first(desk: Desk) -> None:
    payment_id = await desk.authorized()

    ends = await asyncio.gather(desk.capture(payment_id, "a"), desk.capture(payment_id, "b"), return_exceptions=True)

    assert len(answers(ends)) == 1
    assert refusals(ends) == {STATE_CONFLICT}
    assert desk.provider.effects(OperationKind.CAPTURE) == 1


async def test_capturing_refunding_and_cancelling_at_once_leave_true_books(desk: Desk) -> None:
    payment_id = await desk.authorized()
    await desk.capture(payment_id, amount_minor=400)

    ends = await asyncio.gather(
        desk.capture(payment_id, "capture", amount_minor=100),
        desk.cancel(payment_id, "cancel"),
        *(desk.refund(payment_id, f"refund-{number}", amount_minor=100) for number in range(4)),
        return_exceptions=True,
    )

    assert refusals(ends) <= {STATE_CONFLICT, SERVICE_UNAVAILABLE}
    payment = (await desk.dossier()).payment
    assert payment.captured_minor in (400, 500)
    assert payment.refunded_minor == 100 * desk.provider.effects(OperationKind.REFUND)


async def test_first_payments_of_a_tenant_at_once_open_each_account_once(desk: Desk) -> None:
    currencies = ("JPY", "EUR", "KWD")

    ends = await asyncio.gather(*(desk.create(currency=currencies[number % 3]) for number in range(30)))

    accounts = await desk.house.ledger.accounts(desk.house.tenant_id, after=None, limit=99, currency=None, code=None)
    assert {answer.status for answer in ends} == {201}
    assert sorted(one.currency for one in accounts) == ["EUR", "EUR", "JPY", "JPY", "KWD", "KWD"]
    assert {one.posted_debits + one.posted_credits for one in accounts} == {10_000}


async def test_of_many_who_try_again_one_sends(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
    await desk.create("key")

    ends = await asyncio.gather(*(desk.create("key") for _ in range(20)), return_exceptions=True)

    assert refusals(ends) <= {IDEM_IN_FLIGHT}
    assert desk.provider.effects(OperationKind.AUTHORIZE) == 1
    assert len((await desk.dossier()).attempts) == 2


async def test_trying_again_and_cancelling_at_once_end_in_one_of_both(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
    payment_id = paid(await desk.create("key"))

    ends = await asyncio.gather(desk.create("key"), desk.cancel(payment_id), return_exceptions=True)

    assert len(answers(ends)) == 1
    assert refusals(ends) == {STATE_CONFLICT}
    state, effects = (await desk.dossier()).payment.state, desk.provider.effects(OperationKind.AUTHORIZE)
    assert (state, effects) in [(PaymentState.SUCCEEDED, 1), (PaymentState.CANCELLED, 0)]


async def test_two_cancellations_under_one_key_never_both_take_effect(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT, NOT_SENT)
    first, second = paid(await desk.create()), paid(await desk.create())

    ends = await asyncio.gather(desk.cancel(first, "key"), desk.cancel(second, "key"), return_exceptions=True)

    assert len(answers(ends)) == 1
    assert [payment.state for payment in await desk.payments()].count(PaymentState.CANCELLED) == 1


async def test_one_callback_many_times_at_once_is_resolved_once(desk: Desk) -> None:
    await desk.create()
    operation = (await desk.dossier()).operations[-1]

    await asyncio.gather(*(desk.resolve(operation.id) for _ in range(10)))

    assert len((await desk.history((await desk.dossier()).payment.id)).entries) == 2
