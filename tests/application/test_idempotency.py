"""One key, one effect, one answer; and what was certainly not sent may be tried again."""

import asyncio
from collections.abc import Awaitable

import pytest

from application.ports.journal import Answer
from domain.errors import IDEM_IN_FLIGHT, IDEM_MISMATCH, ROUTE_NO_PROVIDER, STATE_CONFLICT, MediatorError
from domain.ids import OperationId
from domain.payments import CaptureMode, OperationState, PaymentState
from domain.providers import Instruction, OperationKind, Outcome
from tests.fakes.answers import told
from tests.fakes.desk import Desk, paid
from tests.fakes.story import ACTION, DECLINED, NOT_SENT, PENDING, UNKNOWN


async def refusal_of(asked: Awaitable[object]) -> MediatorError:
    """Wait for a refusal."""
    with pytest.raises(MediatorError) as refusal:
        await asked
    return refusal.value


class TestReplays:
    """The same request again."""

    async def test_the_first_answer_is_given_again_to_the_byte_and_marked(self, desk: Desk) -> None:
        first = await desk.create("key")
        again = await desk.create("key")

        assert (again.body, again.status, again.content_type, again.location) == (
            first.body,
            first.status,
            first.content_type,
            first.location,
        )
        assert (first.replayed, again.replayed) == (False, True)
        assert len(desk.provider.performed) == 1

    @pytest.mark.parametrize(
        ("outcome", "status"),
        [(DECLINED, 402), (UNKNOWN, 202), (PENDING, 202), (ACTION, 201)],
        ids=["declined", "unknown", "pending", "action"],
    )
    async def test_every_answer_but_not_sent_is_for_good(self, desk: Desk, outcome: Outcome, status: int) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, outcome)
        first = await desk.create("key")
        await desk.settle_everything()

        assert first.status == status
        assert (await desk.create("key")).body == first.body
        assert len(desk.provider.performed) == 1

    async def test_a_replay_tells_what_was_answered_not_what_became_of_it(self, desk: Desk) -> None:
        first = await desk.create("key")
        await desk.refund(paid(first))

        assert told(await desk.create("key"))["refunded"] == "0"

    async def test_another_body_under_the_key_is_refused_and_does_nothing(self, desk: Desk) -> None:
        await desk.create("key")

        assert (await refusal_of(desk.create("key", amount_minor=1001))).entry is IDEM_MISMATCH
        assert len(await desk.payments()) == 1

    async def test_another_key_is_another_payment_however_equal_the_bodies(self, desk: Desk) -> None:
        first, second = await desk.create("key-1"), await desk.create("key-2")

        assert paid(first) != paid(second)
        assert len(desk.provider.performed) == 2

    async def test_the_same_refund_twice_under_one_key_gives_back_once(self, desk: Desk) -> None:
        payment_id = await desk.captured()
        first = await desk.refund(payment_id, "key", amount_minor=400)
        again = await desk.refund(payment_id, "key", amount_minor=400)

        assert again.body == first.body
        assert (await desk.dossier()).payment.refunded_minor == 400

    async def test_the_same_cancellation_twice_under_one_key_cancels_once(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        payment_id = paid(await desk.create())
        first = await desk.cancel(payment_id, "key")

        assert (await desk.cancel(payment_id, "key")).body == first.body

    async def test_a_refused_decision_uses_up_no_key(self, desk: Desk) -> None:
        payment_id = await desk.authorized()
        refusal = await refusal_of(desk.refund(payment_id, "key"))
        assert refusal.entry is STATE_CONFLICT
        await desk.capture(payment_id)

        assert (await desk.refund(payment_id, "key")).status == 201

    async def test_a_replay_needs_no_provider_that_is_still_connected(self, desk: Desk) -> None:
        first = await desk.create("key")
        disconnected = Desk(desk.house, desk.world, desk.provider)
        disconnected.providers.switch_off("sandbox")

        assert (await disconnected.create("key")).body == first.body

    async def test_a_provider_that_is_not_connected_takes_no_payment(self, desk: Desk) -> None:
        assert (await refusal_of(desk.create("key", provider="bank"))).entry is ROUTE_NO_PROVIDER
        assert await desk.payments() == ()


class TestTryingAgain:
    """What was certainly not sent."""

    async def test_the_same_key_tries_again_under_the_same_payment(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        first = await desk.create("key")
        again = await desk.create("key")

        assert (first.status, again.status) == (503, 201)
        assert paid(first) == paid(again)
        (payment,) = await desk.payments()
        assert payment.state is PaymentState.SUCCEEDED
        assert [one.number for one in (await desk.dossier()).attempts] == [1, 2]

    async def test_each_try_has_an_outbound_key_of_its_own(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT, NOT_SENT)
        for _ in range(3):
            await desk.create("key")

        keys = [one.key for one in desk.provider.performed]
        assert len(set(keys)) == 3
        assert (await desk.dossier()).attempt.number == 3

    @pytest.mark.parametrize("kind", [OperationKind.CAPTURE, OperationKind.REFUND, OperationKind.VOID])
    async def test_every_operation_is_tried_again_with_its_key(self, desk: Desk, kind: OperationKind) -> None:
        desk.provider.script(kind, NOT_SENT)
        payment_id = await (desk.captured() if kind is OperationKind.REFUND else desk.authorized())

        async def act() -> Answer:
            match kind:
                case OperationKind.CAPTURE:
                    return await desk.capture(payment_id, "key")
                case OperationKind.REFUND:
                    return await desk.refund(payment_id, "key")
                case _:
                    return await desk.cancel(payment_id, "key")

        assert (await act()).status == 503
        assert (await act()).status == 201
        assert desk.provider.effects(kind) == 1

    async def test_of_many_who_try_again_one_sends(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        await desk.create("key")

        ends = await asyncio.gather(*(desk.create("key") for _ in range(20)), return_exceptions=True)

        assert sum(isinstance(end, Answer) and not end.replayed for end in ends) == 1
        assert desk.provider.effects(OperationKind.AUTHORIZE) == 1
        assert len((await desk.dossier()).attempts) == 2

    async def test_a_payment_that_was_cancelled_meanwhile_is_not_tried_again(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        first = await desk.create("key")
        await desk.cancel(paid(first))

        assert (await refusal_of(desk.create("key"))).entry is STATE_CONFLICT
        assert desk.provider.effects(OperationKind.AUTHORIZE) == 0

    async def test_asking_once_more_after_such_a_refusal_is_refused_alike(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        first = await desk.create("key")
        await desk.cancel(paid(first))
        await refusal_of(desk.create("key"))

        assert (await refusal_of(desk.create("key"))).entry is STATE_CONFLICT

    async def test_trying_again_and_cancelling_at_once_end_in_one_of_both(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT)
        payment_id = paid(await desk.create("key"))

        ends = await asyncio.gather(desk.create("key"), desk.cancel(payment_id), return_exceptions=True)

        assert sum(isinstance(end, Answer) for end in ends) == 1
        assert sum(isinstance(end, MediatorError) and end.entry is STATE_CONFLICT for end in ends) == 1
        state = (await desk.dossier()).payment.state
        effects = desk.provider.effects(OperationKind.AUTHORIZE)
        assert (state, effects) in [(PaymentState.SUCCEEDED, 1), (PaymentState.CANCELLED, 0)]


class TestManyAtOnce:
    """The same key, many times at the same time."""

    async def test_fifty_calls_with_one_key_make_one_payment(self, desk: Desk) -> None:
        ends = await asyncio.gather(*(desk.create("key") for _ in range(50)), return_exceptions=True)

        firsts = [end for end in ends if isinstance(end, Answer) and not end.replayed]
        refusals = [end for end in ends if isinstance(end, MediatorError)]
        assert len(firsts) == 1
        assert all(end.entry is IDEM_IN_FLIGHT for end in refusals)
        assert all(end.body == firsts[0].body for end in ends if isinstance(end, Answer))
        assert len(await desk.payments()) == 1
        assert len(desk.provider.performed) == 1

    async def test_a_key_with_two_bodies_at_once_takes_one_of_them(self, desk: Desk) -> None:
        ends = await asyncio.gather(
            *(desk.create("key", amount_minor=1000 + number) for number in range(10)), return_exceptions=True
        )

        assert sum(isinstance(end, Answer) for end in ends) == 1
        assert sum(isinstance(end, MediatorError) and end.entry is IDEM_MISMATCH for end in ends) == 9
        assert len(await desk.payments()) == 1

    async def test_two_cancellations_under_one_key_never_both_take_effect(self, desk: Desk) -> None:
        desk.provider.script(OperationKind.AUTHORIZE, NOT_SENT, NOT_SENT)
        first, second = paid(await desk.create()), paid(await desk.create())

        ends = await asyncio.gather(desk.cancel(first, "key"), desk.cancel(second, "key"), return_exceptions=True)

        assert sum(isinstance(end, Answer) for end in ends) == 1
        states = [payment.state for payment in await desk.payments()]
        assert states.count(PaymentState.CANCELLED) == 1

    async def test_whoever_was_overtaken_tells_what_was_answered_under_the_key(self, desk: Desk) -> None:
        overtaker: list[Answer] = []

        async def take_too_long(_: Instruction) -> None:
            desk.provider.before_perform = None
            desk.let_the_lease_end()
            overtaker.append(await desk.create("key"))

        desk.provider.before_perform = take_too_long
        overtaken = await desk.create("key")

        assert overtaker[0].status == 202
        assert overtaken.body == overtaker[0].body
        assert (await desk.create("key")).body == overtaker[0].body

    async def test_an_overtaken_sender_still_books_what_the_provider_did(self, desk: Desk) -> None:
        async def take_too_long(_: Instruction) -> None:
            desk.provider.before_perform = None
            desk.let_the_lease_end()
            await desk.create("key")

        desk.provider.before_perform = take_too_long
        await desk.create("key", capture_mode=CaptureMode.AUTOMATIC)

        dossier = await desk.dossier()
        assert dossier.payment.state is PaymentState.SUCCEEDED
        assert dossier.operation(OperationId(dossier.operations[-1].id)).state is OperationState.SUCCEEDED
        assert desk.provider.effects(OperationKind.AUTHORIZE) == 1
