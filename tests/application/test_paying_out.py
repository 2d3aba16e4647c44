"""Payouts end to end over stores in memory: who sends them, how often, and what a killed process leaves behind."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from application.ports.journal import AnyUnit, Journal, Verdict
from domain.errors import IDEM_MISMATCH, LEDGER_INSUFFICIENT_FUNDS, ROUTE_NO_PROVIDER, STATE_CONFLICT, MediatorError
from domain.ids import ProviderAccountId
from domain.payments import OperationState
from domain.payouts import PayoutState
from domain.providers import AcceptedPending, CallbackEvent, Instruction, NotSent, OperationKind, Succeeded, Unknown
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.payout_desk import PayoutDesk
from tests.fakes.payout_story import RETURNED
from tests.fakes.providers import Reply
from tests.fakes.world import SettableWorld

PAYOUT = OperationKind.PAYOUT


class KilledError(BaseException):
    """The process dies here."""


def open_desk() -> PayoutDesk:
    """A desk of its own, for one run of a property."""
    world = SettableWorld()
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=world.now)
    return PayoutDesk(memory_house(tenant, clock=lambda: world.now), world)


@pytest.fixture
async def payouts() -> PayoutDesk:
    """A desk whose tenant has taken 10.00 EUR."""
    desk = open_desk()
    await desk.bring()
    return desk


async def test_nothing_is_sent_when_it_is_ordered_and_a_worker_sends_it_once(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered()
    assert payouts.provider.performed == []

    for _ in range(3):
        await payouts.carry_out(payout_id)

    assert [one.kind for one in payouts.provider.performed] == [PAYOUT]
    assert (await payouts.payout(payout_id)).payout.state is PayoutState.COMPLETED


async def test_the_provider_is_told_the_payee_and_where_to_call_back(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered()
    await payouts.carry_out(payout_id)

    [told] = payouts.provider.performed
    assert told.payee is not None
    assert (told.payee.account_number, told.payee.bank_code) == ("0123456789012345", "NARBNPKA")
    assert told.callback_url is not None
    assert told.callback_url.startswith("https://pay.example/v1/callbacks/sandbox/pac_")


async def test_the_key_is_kept_before_the_provider_hears_of_it(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered()

    async def look(_told: object) -> None:
        kept = await payouts.payout(payout_id)
        assert kept.operation is not None
        assert kept.operation.state is OperationState.SENDING
        assert await payouts.house.payouts.find_by_key(payouts.house.tenant_id, kept.operation.key) == payout_id

    payouts.provider.before_perform = look
    await payouts.carry_out(payout_id)

    assert payouts.provider.effects(PAYOUT) == 1


async def test_workers_at_the_same_time_send_it_once(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered()

    await asyncio.gather(*(payouts.carry_out(payout_id) for _ in range(20)))

    assert len(payouts.provider.performed) == 1


async def test_one_key_orders_one_payout(payouts: PayoutDesk) -> None:
    beneficiary_id = await payouts.beneficiary()

    answers = [await payouts.order("key", beneficiary_id=beneficiary_id) for _ in range(3)]

    assert len({one.body for one in answers}) == 1
    assert [one.replayed for one in answers] == [False, True, True]
    with pytest.raises(MediatorError) as refused:
        await payouts.order("key", beneficiary_id=beneficiary_id, amount_minor=1)
    assert refused.value.entry is IDEM_MISMATCH


async def test_what_is_not_covered_is_refused_and_leaves_the_key_free(payouts: PayoutDesk) -> None:
    beneficiary_id = await payouts.beneficiary()
    with pytest.raises(MediatorError) as refused:
        await payouts.order("key", beneficiary_id=beneficiary_id, amount_minor=1001)
    assert refused.value.entry is LEDGER_INSUFFICIENT_FUNDS

    await payouts.bring()

    assert (await payouts.order("key", beneficiary_id=beneficiary_id, amount_minor=1001)).status == 201


async def test_an_account_that_is_named_must_be_able_to_send_it(payouts: PayoutDesk) -> None:
    with pytest.raises(MediatorError) as refused:
        await payouts.order(account=ProviderAccountId(uuid7()))
    assert refused.value.entry is ROUTE_NO_PROVIDER

    assert (await payouts.order(account=payouts.house.account)).status == 201


async def test_a_payout_waits_for_its_approval(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered(requires_approval=True)
    await payouts.carry_out(payout_id)
    assert payouts.provider.performed == []

    answers = [await payouts.approve(payout_id, "yes") for _ in range(2)]
    await payouts.carry_out(payout_id)

    assert answers[0].body == answers[1].body
    done = await payouts.payout(payout_id)
    assert (done.payout.state, done.payout.decided_by) == (PayoutState.COMPLETED, "prn_boss")


async def test_of_a_denial_and_an_approval_one_counts(payouts: PayoutDesk) -> None:
    payout_id = await payouts.ordered(requires_approval=True)
    await payouts.deny(payout_id, "no")

    with pytest.raises(MediatorError) as refused:
        await payouts.approve(payout_id, "yes")

    assert refused.value.entry is STATE_CONFLICT
    assert (await payouts.deny(payout_id, "no")).replayed


async def test_what_was_not_sent_is_sent_again_under_the_same_key(payouts: PayoutDesk) -> None:
    payouts.provider.script(PAYOUT, NotSent("connection refused"), NotSent("connection refused"))
    payout_id = await payouts.ordered()
    await payouts.carry_out(payout_id)

    done = await payouts.settle(payout_id)

    assert done.payout.state is PayoutState.COMPLETED
    assert len({one.key for one in payouts.provider.performed}) == 1
    assert payouts.provider.effects(PAYOUT) == 1


async def test_an_unknown_outcome_is_asked_about_and_nothing_is_sent_meanwhile(payouts: PayoutDesk) -> None:
    payouts.provider.script(PAYOUT, Reply(told=Unknown("timeout"), truth=AcceptedPending("po_1")))
    payout_id = await payouts.ordered()
    doubtful = await payouts.carry_out(payout_id)
    assert doubtful.payout.state is PayoutState.PROCESSING

    payouts.wait(seconds=5)
    told = await payouts.carry_out(payout_id)

    assert (told.payout.state, len(payouts.provider.performed)) == (PayoutState.SENT, 1)


async def test_what_the_provider_never_got_is_sent_again_only_after_its_horizon(payouts: PayoutDesk) -> None:
    payouts.provider.script(PAYOUT, Unknown("timeout"))
    payout_id = await payouts.ordered()
    await payouts.carry_out(payout_id)
    payouts.wait(seconds=20)
    await payouts.carry_out(payout_id)
    assert len(payouts.provider.performed) == 1

    done = await payouts.settle(payout_id)

    assert (done.payout.state, len(payouts.provider.performed)) == (PayoutState.COMPLETED, 2)
    assert payouts.provider.effects(PAYOUT) == 1


async def test_a_sender_that_wakes_up_too_late_sends_nothing(payouts: PayoutDesk) -> None:
    class SlowJournal(FaultyJournal):
        async def commit(self, unit: AnyUnit) -> Verdict:
            verdict = await super().commit(unit)
            payouts.wait(seconds=6)
            return verdict

    payout_id = await payouts.ordered()
    slow = payouts.with_journal(SlowJournal(payouts.house.journal, dies_at=0, after=False))

    await slow.carry_out(payout_id)

    kept = await payouts.payout(payout_id)
    assert (payouts.provider.performed, kept.sent_operation.state) == ([], OperationState.NOT_SENT)


async def test_a_callback_is_a_reason_to_ask(payouts: PayoutDesk) -> None:
    payouts.provider.script(PAYOUT, Reply(told=AcceptedPending("po_1")))
    payout_id = await payouts.ordered()
    sent = await payouts.carry_out(payout_id)
    key = sent.sent_operation.key
    payouts.provider.truth[key] = RETURNED
    by_key = CallbackEvent(event_id="evt_1", kind="payout.returned", operation_key=key)
    by_reference = CallbackEvent(event_id="evt_2", kind="payout.returned", operation_reference="po_1")
    foreign = CallbackEvent(event_id="evt_3", kind="payout.returned", operation_key="opn_of_nobody")
    account = payouts.house.account

    applied = [await payouts.hear(account, one) for one in (by_reference, by_key, foreign)]

    assert [one is not None for one in applied] == [True, True, False]
    assert (await payouts.payout(payout_id)).payout.state is PayoutState.RETURNED
    assert await payouts.hear(ProviderAccountId(uuid7()), by_key) is None


class FaultyJournal(Journal):
    """Dies at its n-th commit, before or after it became true; the rest goes to the journal behind it."""

    def __init__(self, behind: Journal, *, dies_at: int, after: bool) -> None:
        self._behind = behind
        self._left = dies_at
        self._after = after

    async def commit(self, unit: AnyUnit) -> Verdict:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledError
        verdict = await self._behind.commit(unit)
        if self._left == 0:
            raise KilledError
        return verdict

    post = post_batch = recall = let_go = keep_answer = None  # type: ignore[assignment]  # a worker needs no others


OUTCOMES = (
    Reply(),
    Reply(told=AcceptedPending("po_1")),
    Reply(told=NotSent("connection refused")),
    Reply(told=Unknown("timeout")),
    Reply(told=Unknown("timeout"), truth=AcceptedPending("po_1")),
    Reply(failure=KilledError),
    Reply(told=Unknown("timeout"), failure=KilledError),
)


@given(
    outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=4),
    kills=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=5),
    comes_back=st.booleans(),
)
def test_a_worker_killed_anywhere_never_has_a_payout_paid_twice(
    outcomes: list[Reply], kills: list[tuple[int, bool]], *, comes_back: bool
) -> None:
    asyncio.run(_killed_again_and_again(outcomes, kills, comes_back=comes_back))


async def _killed_again_and_again(outcomes: list[Reply], kills: list[tuple[int, bool]], *, comes_back: bool) -> None:
    desk = open_desk()
    await desk.bring()
    payout_id = await desk.ordered()
    desk.provider.script(PAYOUT, *outcomes)
    for dies_at, after in kills:
        dying = desk.with_journal(FaultyJournal(desk.house.journal, dies_at=dies_at, after=after))
        try:
            await dying.carry_out(payout_id)
        except KilledError:
            desk.wait(seconds=7)

    async def land(told: Instruction) -> None:
        if isinstance(desk.provider.truth.get(told.key), AcceptedPending):
            desk.provider.truth[told.key] = RETURNED if comes_back else Succeeded("po_1", told.amount)

    desk.provider.before_look_up = land
    done = None
    while done is None:
        try:
            done = await desk.settle(payout_id)
        except KilledError:
            desk.wait(seconds=7)

    assert len({one.key for one in desk.provider.performed}) <= 1
    assert done.payout.state in {PayoutState.COMPLETED, PayoutState.RETURNED, PayoutState.FAILED}
    assert desk.provider.effects(PAYOUT) == (1 if done.payout.state is PayoutState.COMPLETED else 0)
