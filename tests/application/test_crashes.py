"""Wherever the process dies, the same key carries on to one effect and one answer, and the books say the same."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import pytest

from application.ports.journal import Answer, AnyUnit, IdempotencyKey, Journal, Keep, Resume, Unit, Verdict
from domain.errors import BACKPRESSURE, IDEM_IN_FLIGHT, SERVICE_UNAVAILABLE, MediatorError, MoneyState
from domain.ids import PaymentId, TenantId
from domain.payments import CaptureMode, OperationState, PaymentState
from domain.posting import Outcome, Placed
from domain.providers import OperationKind, Rejected
from tests.fakes.answers import told
from tests.fakes.desk import Desk, until_answered
from tests.fakes.providers import Reply
from tests.fakes.story import DECLINED, MISSING, UNKNOWN


class Died(BaseException):
    """The process died here; nothing below catches this."""


Act = Callable[[Desk, PaymentId | None], Awaitable[Answer]]


async def _authorize(desk: Desk, _: PaymentId | None) -> Answer:
    return await desk.create("key", capture_mode=CaptureMode.MANUAL)


async def _purchase(desk: Desk, _: PaymentId | None) -> Answer:
    return await desk.create("key")


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


ACTS: dict[str, tuple[OperationKind, Callable[[Desk], Awaitable[PaymentId | None]], Act]] = {
    "authorize": (OperationKind.AUTHORIZE, _nothing, _authorize),
    "purchase": (OperationKind.AUTHORIZE, _nothing, _purchase),
    "capture": (OperationKind.CAPTURE, Desk.authorized, _capture),
    "refund": (OperationKind.REFUND, Desk.captured, _refund),
    "void": (OperationKind.VOID, Desk.authorized, _void),
}
EVERY_ACT = pytest.mark.parametrize("name", ACTS)


class FaultyJournal(Journal):
    """Fails one of its calls, counted from 1: before it was done, or after it with nobody to hear of it."""

    def __init__(self, journal: Journal, *, fails_at: int, after: bool) -> None:
        self._journal = journal
        self._fails_at = fails_at
        self._after = after
        self.calls = 0

    async def commit(self, unit: AnyUnit) -> Verdict:
        self._before()
        verdict = await self._journal.commit(unit)
        self._behind()
        return verdict

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        return await self._journal.post(tenant_id, placed, idempotency=idempotency, dry_run=dry_run)

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        return await self._journal.post_batch(tenant_id, batch, atomic=atomic)

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Resume | Answer | None:
        self._before()
        known = await self._journal.recall(tenant_id, key, lease_seconds=lease_seconds)
        self._behind()
        return known

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        self._before()
        await self._journal.let_go(tenant_id, key)
        self._behind()

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        self._before()
        answer = await self._journal.keep_answer(tenant_id, keep)
        self._behind()
        return answer

    def _before(self) -> None:
        self.calls += 1
        if self.calls == self._fails_at and not self._after:
            self._fail()

    def _behind(self) -> None:
        if self.calls == self._fails_at and self._after:
            self._fail()

    def _fail(self) -> NoReturn:
        raise MediatorError(SERVICE_UNAVAILABLE, "The database went away.")


async def expect_true_books(desk: Desk) -> None:
    """Check that our books say just what the provider's books say."""
    (payment,) = await desk.payments()
    entries = (await desk.history(payment.id)).entries
    booked = {
        name: sum(one.amount_minor for one in entries if (one.kind, one.direction) == (name, "debit"))
        for name in ("capture", "refund")
    }
    lines = [one async for one in desk.provider.books(f"pac_{desk.house.account.hex}")]
    assert booked["capture"] == payment.captured_minor == sum(line.captured_minor for line in lines)
    assert booked["refund"] == sum(line.refunded_minor for line in lines)


async def expect_one_true_effect(desk: Desk, kind: OperationKind) -> None:
    """Check that the provider did it once, and that our books say just what its books say."""
    assert desk.provider.effects(kind) == 1
    await expect_true_books(desk)


@EVERY_ACT
async def test_a_sender_that_dies_with_the_call_leaves_an_open_operation_and_its_key(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    desk.provider.script(kind, Reply(failure=Died))

    with pytest.raises(Died):
        await act(desk, payment_id)

    assert (await desk.dossier()).operations[-1].state is OperationState.SENDING
    with pytest.raises(MediatorError) as refusal:
        await act(desk, payment_id)
    assert refusal.value.entry is IDEM_IN_FLIGHT


@EVERY_ACT
async def test_the_resolver_finds_out_what_a_dead_sender_did(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    desk.provider.script(kind, Reply(failure=Died))
    with pytest.raises(Died):
        await act(desk, payment_id)

    await desk.settle_everything()

    assert (await desk.dossier()).operations[-1].state is OperationState.SUCCEEDED
    await expect_one_true_effect(desk, kind)


@EVERY_ACT
async def test_the_same_key_finds_out_what_a_dead_sender_did(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    desk.provider.script(kind, Reply(failure=Died))
    with pytest.raises(Died):
        await act(desk, payment_id)
    desk.let_the_lease_end()

    answer = await act(desk, payment_id)

    assert (answer.status, told(answer)["operation"]) == (201, "succeeded")
    assert (await act(desk, payment_id)).body == answer.body
    await expect_one_true_effect(desk, kind)


@EVERY_ACT
async def test_the_same_key_is_answered_by_what_the_resolver_found_out(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    desk.provider.script(kind, Reply(failure=Died))
    with pytest.raises(Died):
        await act(desk, payment_id)
    await desk.settle_everything()
    desk.let_the_lease_end()

    assert (await act(desk, payment_id)).status == 201
    await expect_one_true_effect(desk, kind)


@EVERY_ACT
async def test_a_sender_that_died_before_anything_arrived_is_found_out_after_the_horizon(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    desk.provider.script(kind, Reply(truth=MISSING, failure=Died))
    with pytest.raises(Died):
        await act(desk, payment_id)

    await desk.settle_everything()

    assert (await desk.dossier()).operations[-1].state is OperationState.MISSING
    desk.let_the_lease_end()
    assert (await act(desk, payment_id)).status == 422
    assert desk.provider.effects(kind) == 0


@EVERY_ACT
async def test_an_answer_that_was_lost_on_its_way_is_asked_for(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    operation = Reply(told=UNKNOWN, truth=None)
    desk.provider.script(kind, operation)

    answer = await act(desk, payment_id)
    assert (answer.status, told(answer)["money_state"]) == (202, "unknown")
    key = desk.provider.performed[-1].key
    desk.provider.truth[key] = Rejected("do_not_honor", DECLINED.decline, "No")
    await desk.settle_everything()

    assert (await desk.dossier()).operations[-1].state is OperationState.REJECTED
    assert (await act(desk, payment_id)).body == answer.body


@EVERY_ACT
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fails_at", range(1, 6))
async def test_wherever_the_database_fails_the_same_key_comes_to_one_end(
    desk: Desk, name: str, fails_at: int, *, after: bool
) -> None:
    kind, begin, act = ACTS[name]
    payment_id = await begin(desk)
    flaky = desk.with_journal(FaultyJournal(desk.house.journal, fails_at=fails_at, after=after))

    answer = await until_answered(lambda: act(flaky, payment_id), desk)
    await desk.settle_everything()

    assert (await act(desk, payment_id)).body == answer.body
    operation = (await desk.dossier()).operations[-1]
    # Only an intention that nobody lived to send ends without an effect, and its answer has said that it is open.
    sent = operation.state is not OperationState.MISSING
    assert operation.state in (OperationState.SUCCEEDED, OperationState.MISSING)
    assert (answer.status, desk.provider.effects(kind)) == ((201, 1) if sent else (202, 0))
    await expect_true_books(desk)


@EVERY_ACT
async def test_only_an_intention_that_nobody_lived_to_send_ends_without_an_effect(desk: Desk, name: str) -> None:
    kind, begin, act = ACTS[name]
    ends = []
    for fails_at in range(1, 6):
        for after in (False, True):
            payment_id = await begin(desk)
            before = desk.provider.effects(kind)
            flaky = desk.with_journal(FaultyJournal(desk.house.journal, fails_at=fails_at, after=after))
            await until_answered(lambda: act(flaky, payment_id), desk)  # noqa: B023 -- called at once
            ends.append(desk.provider.effects(kind) - before)
            await desk.forget_keys()

    assert ends.count(0) == 1


@EVERY_ACT
async def test_the_fault_points_above_are_all_there_are(desk: Desk, name: str) -> None:
    _, begin, act = ACTS[name]
    payment_id = await begin(desk)
    counting = FaultyJournal(desk.house.journal, fails_at=0, after=False)

    await act(desk.with_journal(counting), payment_id)

    assert counting.calls <= 5


class CrowdedJournal(FaultyJournal):
    """Has no connection free for one of its calls."""

    def _fail(self) -> NoReturn:
        raise MediatorError(BACKPRESSURE, "All database connections are busy.", retry_after_seconds=1)


@EVERY_ACT
async def test_nobody_is_told_that_no_money_moved_once_the_provider_was_called(desk: Desk, name: str) -> None:
    _, begin, act = ACTS[name]
    payment_id = await begin(desk)
    outcome = 2 if payment_id is None else 3
    crowded = desk.with_journal(CrowdedJournal(desk.house.journal, fails_at=outcome, after=False))
    called = len(desk.provider.performed)

    with pytest.raises(MediatorError) as refusal:
        await act(crowded, payment_id)

    assert len(desk.provider.performed) == called + 1
    assert refusal.value.money_state is MoneyState.UNKNOWN


async def test_whoever_carries_on_learns_what_the_first_sender_did_meanwhile(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, Reply(failure=Died))
    with pytest.raises(Died):
        await desk.create("key")
    desk.let_the_lease_end()
    desk.provider.is_reachable = False

    answer = await desk.create("key")

    assert (answer.status, told(answer)["operation"]) == (202, "unknown")
    assert (await desk.dossier()).payment.state is PaymentState.PROCESSING


async def test_a_sender_that_wakes_up_after_its_time_sends_nothing(desk: Desk) -> None:
    class SlowJournal(FaultyJournal):
        async def commit(self, unit: AnyUnit) -> Verdict:
            verdict = await super().commit(unit)
            assert isinstance(unit, Unit)
            desk.world.now = max(desk.world.now, unit.after.operations[-1].send_by)
            return verdict

    slow = desk.with_journal(SlowJournal(desk.house.journal, fails_at=0, after=False))

    answer = await slow.create("key")

    assert answer.status == 503
    assert desk.provider.performed == []
    assert (await desk.dossier()).operations[-1].state is OperationState.NOT_SENT


async def test_a_late_sender_does_not_send_what_the_resolver_has_given_up(desk: Desk) -> None:
    class PausedJournal(FaultyJournal):
        async def commit(self, unit: AnyUnit) -> Verdict:
            verdict = await super().commit(unit)
            if self.calls == 1:
                await desk.settle_everything()
            return verdict

    paused = desk.with_journal(PausedJournal(desk.house.journal, fails_at=0, after=False))

    answer = await paused.create("key")

    assert answer.status == 422
    assert desk.provider.performed == []
    assert (await desk.dossier()).payment.state is PaymentState.FAILED
