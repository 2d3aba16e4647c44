"""Several at one payment: the slower of two decides again, and nothing is done twice or beyond what is there."""

import asyncio
from collections.abc import Iterable

import pytest

from application.ports.journal import Answer, AnyUnit, Committed, Conflict, Verdict
from domain.dossier import Dossier
from domain.errors import (
    CAPTURE_EXCEEDS_AUTHORIZATION,
    REFUND_EXCEEDS_CAPTURE,
    SERVICE_UNAVAILABLE,
    STATE_CONFLICT,
    ErrorCode,
    MediatorError,
)
from domain.payments import OperationState, PaymentState
from domain.providers import Instruction, OperationKind
from tests.fakes.desk import Desk, paid
from tests.fakes.journal import MemoryJournal
from tests.fakes.providers import Reply, ScriptedProvider
from tests.fakes.story import UNKNOWN


def answers(ends: Iterable[Answer | BaseException]) -> list[Answer]:
    """Give those that were answered."""
    return [end for end in ends if isinstance(end, Answer)]


def refusals(ends: Iterable[Answer | BaseException]) -> set[ErrorCode]:
    """Give why the others were refused."""
    return {end.entry for end in ends if isinstance(end, MediatorError)}


async def test_twenty_refunds_at_once_never_give_back_more_than_was_captured(desk: Desk) -> None:
    payment_id = await desk.captured()

    ends = await asyncio.gather(
        *(desk.refund(payment_id, f"key-{number}", amount_minor=300) for number in range(20)), return_exceptions=True
    )

    assert len(answers(ends)) == 3
    assert refusals(ends) <= {REFUND_EXCEEDS_CAPTURE, SERVICE_UNAVAILABLE}
    assert (await desk.dossier()).payment.refunded_minor == 900
    assert desk.provider.effects(OperationKind.REFUND) == 3


async def test_of_two_captures_at_once_one_goes_first(desk: Desk) -> None:
    payment_id = await desk.authorized()

    ends = await asyncio.gather(desk.capture(payment_id), desk.capture(payment_id), return_exceptions=True)

    assert len(answers(ends)) == 1
    assert refusals(ends) <= {STATE_CONFLICT, CAPTURE_EXCEEDS_AUTHORIZATION}
    assert (await desk.dossier()).payment.captured_minor == 1000
    assert desk.provider.effects(OperationKind.CAPTURE) == 1


async def test_capturing_and_cancelling_at_once_end_in_one_of_both(desk: Desk) -> None:
    payment_id = await desk.authorized()

    ends = await asyncio.gather(desk.capture(payment_id), desk.cancel(payment_id), return_exceptions=True)

    assert len(answers(ends)) == 1
    effects = desk.provider.effects(OperationKind.CAPTURE) + desk.provider.effects(OperationKind.VOID)
    assert effects == 1


async def test_the_resolver_asking_in_the_middle_of_a_call_does_no_harm(desk: Desk) -> None:
    async def ask_meanwhile(instruction: Instruction) -> None:
        operation_id = await desk.house.payments.find_operation(desk.house.tenant_id, instruction.key)
        assert operation_id is not None
        await desk.resolve(operation_id)

    desk.provider.before_perform = ask_meanwhile
    answer = await desk.create("key")

    assert answer.status == 201
    dossier = await desk.dossier()
    assert dossier.payment.state is PaymentState.SUCCEEDED
    assert dossier.operations[-1].state is OperationState.SUCCEEDED
    assert desk.provider.effects(OperationKind.AUTHORIZE) == 1


async def test_the_resolver_and_the_caller_may_both_hear_of_the_success(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, UNKNOWN)
    await desk.create("key")
    dossier = await desk.dossier()
    operation = dossier.operations[-1]
    desk.provider.truth[operation.key] = desk.provider.success(desk.step.instruction(dossier, operation))

    await asyncio.gather(*(desk.resolve(operation.id) for _ in range(10)))

    history = await desk.history(dossier.payment.id)
    assert history.dossier.payment.state is PaymentState.SUCCEEDED
    assert len(history.entries) == 2


async def test_whoever_asks_gets_the_payment_as_it_stands_then(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, Reply(told=UNKNOWN))
    await desk.create()
    before = await desk.dossier()
    resolved: Dossier = await desk.resolve(before.operations[-1].id)

    assert resolved == before


async def test_a_look_up_that_overtakes_a_send_within_its_deadline_proves_nothing(desk: Desk) -> None:
    provider = ScriptedProvider(horizon_seconds=0, deadline_seconds=10)
    hurried = Desk(desk.house, desk.world, provider)
    seen: list[PaymentState] = []

    async def ask_while_the_bytes_are_on_their_way(instruction: Instruction) -> None:
        operation_id = await desk.house.payments.find_operation(desk.house.tenant_id, instruction.key)
        assert operation_id is not None
        operation = (await desk.dossier()).operation(operation_id)
        desk.world.now = operation.send_by
        seen.append((await hurried.resolve(operation_id)).payment.state)

    provider.before_perform = ask_while_the_bytes_are_on_their_way
    await hurried.create("key")

    assert seen == [PaymentState.PROCESSING]


class BusyJournal(MemoryJournal):
    """Somebody else is always faster."""

    async def commit(self, unit: AnyUnit) -> Verdict:
        if unit.before is not None:
            raise Conflict("somebody was faster")
        verdict = await super().commit(unit)
        assert isinstance(verdict, Committed)
        return verdict


@pytest.mark.parametrize("act", ["capture", "cancel"])
async def test_a_payment_that_is_too_busy_is_given_up_for_now(desk: Desk, act: str) -> None:
    payment_id = await desk.authorized()
    assert isinstance(desk.house.journal, MemoryJournal)
    busy = desk.with_journal(BusyJournal(desk.house.journal.database))

    with pytest.raises(MediatorError) as refusal:
        await (busy.capture(payment_id) if act == "capture" else busy.cancel(payment_id))

    assert refusal.value.entry is SERVICE_UNAVAILABLE
    assert refusal.value.retry_after_seconds is not None
    assert len(desk.provider.performed) == 1


async def test_an_outcome_that_cannot_be_written_for_now_is_not_lost(desk: Desk) -> None:
    assert isinstance(desk.house.journal, MemoryJournal)
    busy = desk.with_journal(BusyJournal(desk.house.journal.database))

    with pytest.raises(MediatorError) as refusal:
        await busy.create("key")
    assert refusal.value.entry is SERVICE_UNAVAILABLE
    await desk.settle_everything()

    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED
    desk.let_the_lease_end()
    assert paid(await desk.create("key")) == (await desk.dossier()).payment.id
    assert desk.provider.effects(OperationKind.AUTHORIZE) == 1
