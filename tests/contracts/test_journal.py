"""The promise of the journal: whole or not at all, each version once, each key one effect, and books that refuse."""

import asyncio

import msgspec
import pytest

from application.ports.journal import (
    Answer,
    Claim,
    Committed,
    Conflict,
    IdempotencyKey,
    Keep,
    Release,
    Resume,
    Unit,
    Verdict,
)
from application.ports.payments import PaymentFilter
from domain.bookkeeping import clearing, payable
from domain.dossier import Dossier
from domain.errors import (
    HOLD_EXCEEDED,
    IDEM_IN_FLIGHT,
    IDEM_MISMATCH,
    LEDGER_OVERFLOW,
    NOT_FOUND,
    MediatorError,
)
from domain.events import Event, PaymentCaptured
from domain.ids import AttemptId, EventId, HoldId, OperationId
from domain.money import AMOUNT_MAX, Money
from domain.payments import CaptureMode
from domain.posting import BOUND
from tests.fakes.house import HoldView, House
from tests.fakes.keeping import a_key, an_answer, keep, story_for
from tests.fakes.story import DECLINED, EUR, NOT_SENT, PENDING, UNKNOWN, Story
from tests.fakes.world import SettableWorld

LEASE_SECONDS = 30.0
KEY = a_key()


class TestWhole:
    """A unit becomes true as a whole, or not at all."""

    async def test_everything_of_a_unit_is_there_after_its_commit(self, house: House) -> None:
        story = await keep(house, story_for(house))

        assert await found(house, story) == story.dossier
        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)
        assert await house.windows.outbox_tags() == ["payment.created", "payment.attempt_started"]
        assert await house.windows.audit_actions() == ["tenant.opened", "story.told"]
        assert await house.windows.hold(story.payment.hold_id) == HoldView("pending", 0, 0, at_risk=False)

    async def test_a_whole_life_reads_back_exactly_as_it_was_decided(self, house: House) -> None:
        story = story_for(house, capture_mode=CaptureMode.MANUAL).settle(UNKNOWN).settle(PENDING).succeed()
        story.capture(400).settle(DECLINED).capture(400).succeed().give_back(100).succeed().give_back(200)
        story.void().succeed()
        await keep(house, story)

        assert await found(house, story) == story.dossier
        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)

    async def test_the_books_hold_what_the_events_say(self, house: House) -> None:
        story = story_for(house, capture_mode=CaptureMode.MANUAL).succeed().capture(400).succeed()
        story.give_back(100).succeed().give_back(200)
        await keep(house, story)

        views = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None)
        found_balances = {
            (one.code, one.currency): (one.posted_debits, one.posted_credits, one.pending_debits, one.pending_credits)
            for one in views
        }
        assert found_balances == {
            (clearing(house.account, EUR).code, "EUR"): (400, 100, 600, 200),
            (payable(EUR).code, "EUR"): (100, 400, 200, 600),
        }

    async def test_an_entry_carries_all_that_explains_it(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed().give_back(100).succeed())

        entries = await house.queries.entries(house.tenant_id, story.payment.id)
        told = [(one.line, one.kind, one.refund_id, one.direction, one.amount_minor) for one in entries]
        refund = story.refund().id
        assert told == [
            (1, "capture", None, "debit", 1000),
            (2, "capture", None, "credit", 1000),
            (1, "refund", refund, "debit", 100),
            (2, "refund", refund, "credit", 100),
        ]
        assert [one.effective_at for one in entries[::2]] == [story.events[2].at, story.last.at]

    async def test_doubt_shows_as_money_at_risk_until_it_is_over(self, house: House) -> None:
        story = await keep(house, story_for(house).settle(UNKNOWN))
        at_risk = await house.windows.hold(story.payment.hold_id)
        await keep(house, story.succeed())
        booked = await house.windows.hold(story.payment.hold_id)

        assert at_risk == HoldView("pending", 0, 0, at_risk=True)
        assert booked == HoldView("posted", 1000, 0, at_risk=False)

    @pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
    async def test_each_currency_has_accounts_of_its_own(self, house: House, currency: str) -> None:
        await keep(house, story_for(house, currency="NPR").succeed())
        await keep(house, story_for(house, currency=currency).succeed())

        views = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=currency, code=None)
        assert [(one.currency, one.posted_debits + one.posted_credits) for one in views] == [(currency, 1000)] * 2


class TestVersions:
    """Each state is replaced by the version after the one that was read, or not at all."""

    async def test_a_unit_decided_on_an_old_version_is_a_conflict_and_leaves_nothing(self, house: House) -> None:
        story = await keep(house, story_for(house))
        slower = story.dossier
        await keep(house, story.settle(UNKNOWN))
        late = Story.of(slower, story.world).succeed()

        with pytest.raises(Conflict):
            await house.journal.commit(late.units[-1])
        assert await found(house, story) == story.dossier
        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)
        assert (await house.windows.hold(story.payment.hold_id)).posted_minor == 0

    async def test_a_unit_that_was_committed_is_a_conflict_when_it_comes_again(self, house: House) -> None:
        story = await keep(house, story_for(house))

        with pytest.raises(Conflict):
            await house.journal.commit(story.units[-1])
        assert await found(house, story) == story.dossier

    async def test_of_two_units_decided_on_one_version_one_wins(self, house: House) -> None:
        story = await keep(house, story_for(house, capture_mode=CaptureMode.MANUAL).succeed())
        rivals = [Story.of(story.dossier, story.world).capture(minor).units[-1] for minor in (100, 200, 300, 400)]

        ends = await asyncio.gather(*(house.journal.commit(unit) for unit in rivals), return_exceptions=True)

        assert sum(isinstance(end, Committed) for end in ends) == 1
        assert sum(isinstance(end, Conflict) for end in ends) == 3
        assert len((await found(house, story)).operations) == 2

    async def test_a_second_live_attempt_is_refused_whatever_the_code_says(self, house: House) -> None:
        story = await keep(house, story_for(house))
        twin = msgspec.structs.replace(story.attempt, id=AttemptId(story.world.new_id()), number=2, version=0)

        with pytest.raises(Conflict):
            await house.journal.commit(undecided(story, story.dossier.with_attempt(twin)))
        assert await found(house, story) == story.dossier

    async def test_a_second_attempt_is_taken_once_the_first_is_over(self, house: House) -> None:
        story = await keep(house, story_for(house).settle(NOT_SENT).try_again())

        assert [one.number for one in (await found(house, story)).attempts] == [1, 2]

    async def test_an_outbound_key_belongs_to_one_operation(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())
        twin = msgspec.structs.replace(story.operation(), id=OperationId(story.world.new_id()), version=0)

        with pytest.raises(Conflict):
            await house.journal.commit(undecided(story, story.dossier.with_operation(twin)))
        assert await found(house, story) == story.dossier


class TestKeys:
    """One key has one effect: claimed with it, answered with it, or let go with it."""

    async def test_a_key_that_nobody_used_is_known_to_nobody(self, house: House) -> None:
        assert await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS) is None
        assert await house.windows.key_state(KEY) is None

    async def test_a_claim_is_kept_with_its_unit(self, house: House) -> None:
        assert await house.journal.commit(claimed(story_for(house).units[0])) == Committed()
        assert await house.windows.key_state(KEY) == ("started", 1)

    async def test_a_claim_is_not_kept_when_its_unit_is_refused(self, house: House) -> None:
        story = await keep(house, story_for(house))

        with pytest.raises(Conflict):
            await house.journal.commit(claimed(story.units[0]))
        assert await house.windows.key_state(KEY) is None

    async def test_while_the_first_request_runs_its_key_is_in_flight(self, house: House) -> None:
        await house.journal.commit(claimed(story_for(house).units[0]))
        twin = story_for(house)

        error = await refused(house, claimed(twin.units[0]))

        assert error.entry is IDEM_IN_FLIGHT
        assert error.retry_after_seconds is not None
        assert 1 <= error.retry_after_seconds <= 5
        await nothing_is_there(house, twin)

    async def test_an_answered_key_gives_its_answer_again_to_the_byte(self, house: House) -> None:
        story = story_for(house)
        answer = an_answer('{"note":"\u00fc\u0000 is kept"}\n'.encode())
        await house.journal.commit(claimed(story.units[0]))
        await house.journal.commit(answered(story.succeed().units[-1], answer))
        twin = story_for(house)

        replay = msgspec.structs.replace(answer, replayed=True)
        assert await house.journal.commit(claimed(twin.units[0])) == replay
        assert await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS) == replay
        await nothing_is_there(house, twin)

    @pytest.mark.parametrize("is_answered", [False, True], ids=["running", "answered"])
    async def test_a_key_that_was_used_for_something_else_is_refused(self, house: House, *, is_answered: bool) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        if is_answered:
            await house.journal.commit(answered(story.succeed().units[-1], an_answer()))
        twin, other = story_for(house), a_key(body=b'{"amount":2}')

        error = await refused(house, claimed(twin.units[0], other))

        assert error.entry is IDEM_MISMATCH
        with pytest.raises(MediatorError) as refusal:
            await house.journal.recall(house.tenant_id, other, lease_seconds=LEASE_SECONDS)
        assert refusal.value.entry is IDEM_MISMATCH
        await nothing_is_there(house, twin)

    async def test_the_same_key_on_another_route_is_another_key(self, house: House) -> None:
        await house.journal.commit(claimed(story_for(house).units[0]))

        elsewhere = a_key(route="POST /v1/payments/{id}/refunds")
        assert await house.journal.commit(claimed(story_for(house).units[0], elsewhere)) == Committed()

    async def test_a_key_whose_holder_died_is_carried_on_with(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0], lease_seconds=0))

        resumed = await house.journal.commit(claimed(story_for(house).units[0]))

        assert resumed == Resume(story.operation().id)
        assert (await refused(house, claimed(story_for(house).units[0]))).entry is IDEM_IN_FLIGHT

    async def test_recalling_a_key_whose_holder_died_takes_it(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0], lease_seconds=0))

        assert await house.journal.recall(house.tenant_id, KEY, lease_seconds=9) == Resume(story.operation().id)
        with pytest.raises(MediatorError) as refusal:
            await house.journal.recall(house.tenant_id, KEY, lease_seconds=9)
        assert refusal.value.entry is IDEM_IN_FLIGHT

    async def test_of_many_who_find_a_dead_holder_one_carries_on(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0], lease_seconds=0))

        recalls = [house.journal.recall(house.tenant_id, KEY, lease_seconds=9) for _ in range(10)]
        ends = await asyncio.gather(*recalls, return_exceptions=True)

        assert sum(end == Resume(story.operation().id) for end in ends) == 1
        assert sum(isinstance(end, MediatorError) and end.entry is IDEM_IN_FLIGHT for end in ends) == 9

    async def test_a_key_that_was_let_go_is_carried_on_with_at_once(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        await house.journal.commit(released(story.settle(NOT_SENT).units[-1]))

        assert await house.windows.key_state(KEY) == ("released", 1)
        known = await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS)
        assert known == Resume(story.operation().id)
        assert await house.windows.key_state(KEY) == ("started", 2)

    async def test_whoever_carries_on_names_the_new_operation(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        await house.journal.commit(released(story.settle(NOT_SENT).units[-1]))
        await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS)

        await house.journal.commit(taken_over(story.try_again().units[-1], lease_seconds=0))

        known = await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS)
        assert known == Resume(story.operation().id)

    @pytest.mark.parametrize("is_answered", [False, True], ids=["released", "answered"])
    async def test_a_key_that_nobody_holds_is_not_taken_over(self, house: House, *, is_answered: bool) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        last = story.settle(NOT_SENT).units[-1]
        await house.journal.commit(answered(last, an_answer()) if is_answered else released(last))
        before = story.dossier

        with pytest.raises(Conflict):
            await house.journal.commit(taken_over(story.try_again().units[-1]))
        assert await found(house, story) == before

    async def test_an_answered_key_is_not_let_go(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        await house.journal.commit(answered(story.settle(UNKNOWN).units[-1], an_answer()))
        await house.journal.commit(released(story.succeed().units[-1]))

        assert await house.windows.key_state(KEY) == ("done", 1)

    async def test_the_first_answer_stays(self, house: House) -> None:
        first, second = an_answer(b"first"), an_answer(b"second", 202)

        assert await house.journal.keep_answer(house.tenant_id, Keep(KEY, first)) == first
        assert await house.journal.keep_answer(house.tenant_id, Keep(KEY, second)) == first

    async def test_an_answer_is_kept_for_a_key_whose_effect_was_committed_without_one(self, house: House) -> None:
        await house.journal.commit(claimed(story_for(house).units[0]))

        assert await house.journal.keep_answer(house.tenant_id, Keep(KEY, an_answer())) == an_answer()
        known = await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS)
        assert known == msgspec.structs.replace(an_answer(), replayed=True)

    @pytest.mark.parametrize("is_answered", [False, True], ids=["running", "answered"])
    async def test_an_answer_is_not_kept_under_a_key_that_was_used_for_something_else(
        self, house: House, *, is_answered: bool
    ) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        if is_answered:
            await house.journal.keep_answer(house.tenant_id, Keep(KEY, an_answer()))
        other = await keep(house, story_for(house).settle(NOT_SENT))
        before = other.dossier

        unit = answered(other.cancel_unsent().units[-1], an_answer(b"cancelled"), a_key(body=b"other"))
        error = await refused(house, unit)

        assert error.entry is IDEM_MISMATCH
        assert await found(house, other) == before

    async def test_every_replay_is_written_down(self, house: House) -> None:
        story = story_for(house)
        await house.journal.commit(claimed(story.units[0]))
        await refused(house, claimed(story_for(house).units[0]))
        await house.journal.commit(answered(story.succeed().units[-1], an_answer()))
        await house.journal.commit(claimed(story_for(house).units[0]))
        await house.journal.recall(house.tenant_id, KEY, lease_seconds=LEASE_SECONDS)
        await refused(house, claimed(story_for(house).units[0], a_key(body=b"other")))

        assert await house.windows.key_state(KEY) == ("done", 5)

    async def test_fifty_claims_of_one_key_make_one_payment(self, house: House) -> None:
        stories = [story_for(house, world=SettableWorld(seed=seed)) for seed in range(50)]

        commits = [house.journal.commit(claimed(story.units[0])) for story in stories]
        ends: list[Verdict | BaseException] = await asyncio.gather(*commits, return_exceptions=True)

        assert sum(end == Committed() for end in ends) == 1
        assert sum(isinstance(end, MediatorError) and end.entry is IDEM_IN_FLIGHT for end in ends) == 49
        payments = await house.queries.page(house.tenant_id, PaymentFilter(), before=None, limit=99)
        assert len(payments) == 1
        assert await house.windows.key_state(KEY) == ("started", 50)


class TestBooks:
    """The books refuse what must not be, and then nothing of the unit is there."""

    async def test_a_hold_is_not_posted_beyond_its_amount(self, house: House) -> None:
        story = await keep(house, story_for(house))
        before = story.dossier
        unit = story.succeed().units[-1]
        greedy = msgspec.structs.replace(captured_event(story), amount=Money(1001, EUR))

        error = await refused(house, msgspec.structs.replace(unit, events=(greedy,)))

        assert error.entry is HOLD_EXCEEDED
        await stands_as(house, story, before)

    async def test_a_hold_that_is_closed_takes_nothing_more(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())
        before = story.dossier
        again = msgspec.structs.replace(captured_event(story), event_id=EventId(story.world.new_id()))

        error = await refused(house, undecided(story, before, again))

        assert error.entry is HOLD_EXCEEDED
        await stands_as(house, story, before)

    async def test_a_hold_that_does_not_exist_is_not_posted(self, house: House) -> None:
        story = await keep(house, story_for(house))
        before = story.dossier
        unit = story.succeed().units[-1]
        astray = msgspec.structs.replace(captured_event(story), hold_id=HoldId(story.world.new_id()))

        error = await refused(house, msgspec.structs.replace(unit, events=(astray,)))

        assert error.entry is HOLD_EXCEEDED
        await stands_as(house, story, before)

    async def test_two_changes_of_one_hold_in_one_unit_both_count(self, house: House) -> None:
        story = await keep(house, story_for(house))
        before = story.dossier
        unit = story.succeed().units[-1]
        part = msgspec.structs.replace(captured_event(story), amount=Money(600, EUR))
        second = msgspec.structs.replace(part, event_id=EventId(story.world.new_id()))

        error = await refused(house, msgspec.structs.replace(unit, events=(part, second)))

        assert error.entry is HOLD_EXCEEDED
        await stands_as(house, story, before)

    @pytest.mark.parametrize("account", ["clearing", "payable"])
    async def test_an_account_takes_no_more_than_it_can_hold(self, house: House, account: str) -> None:
        await keep(house, story_for(house, reference="first"))
        code = (clearing(house.account, EUR) if account == "clearing" else payable(EUR)).code
        await house.windows.fill(code, "EUR", BOUND - 1000 - AMOUNT_MAX + 1)
        story = story_for(house, amount_minor=AMOUNT_MAX)

        error = await refused(house, claimed(story.units[0]))

        assert error.entry is LEDGER_OVERFLOW
        await nothing_is_there(house, story)
        assert await house.windows.key_state(KEY) is None

    async def test_what_is_held_can_always_be_posted(self, house: House) -> None:
        await keep(house, story_for(house, reference="first"))
        for ref in (clearing(house.account, EUR), payable(EUR)):
            await house.windows.fill(ref.code, "EUR", BOUND - 1000 - AMOUNT_MAX)
        story = await keep(house, story_for(house, amount_minor=AMOUNT_MAX).succeed())

        assert (await house.windows.hold(story.payment.hold_id)).state == "posted"


def claimed(unit: Unit, key: IdempotencyKey = KEY, *, lease_seconds: float = LEASE_SECONDS) -> Unit:
    """The unit, with a claim of the key for its last operation."""
    claim = Claim(key, unit.after.operations[-1].id, lease_seconds)
    return msgspec.structs.replace(unit, idempotency=claim)


def taken_over(unit: Unit, *, lease_seconds: float = LEASE_SECONDS) -> Unit:
    """The unit of somebody who carries on under the key."""
    claim = Claim(KEY, unit.after.operations[-1].id, lease_seconds, taken_over=True)
    return msgspec.structs.replace(unit, idempotency=claim)


def answered(unit: Unit, answer: Answer, key: IdempotencyKey = KEY) -> Unit:
    """The unit, with the answer that is kept under the key."""
    return msgspec.structs.replace(unit, idempotency=Keep(key, answer))


def released(unit: Unit) -> Unit:
    """The unit, with the key let go."""
    return msgspec.structs.replace(unit, idempotency=Release(KEY))


def undecided(story: Story, after: Dossier, *events: Event) -> Unit:
    """A unit that makes true what the domain would never decide."""
    explained = events or (msgspec.structs.replace(story.last, event_id=EventId(story.world.new_id())),)
    return Unit.of(audit=story.audit(after), before=story.dossier, after=after, events=explained)


def captured_event(story: Story) -> PaymentCaptured:
    """The capture that the story ends with."""
    assert isinstance(story.last, PaymentCaptured)
    return story.last


async def found(house: House, story: Story) -> Dossier:
    """Read the payment of a story."""
    return await house.payments.get(house.tenant_id, story.payment.id)


async def refused(house: House, unit: Unit) -> MediatorError:
    """Commit a unit that must be refused with an error of the catalogue."""
    with pytest.raises(MediatorError) as refusal:
        await house.journal.commit(unit)
    return refusal.value


async def nothing_is_there(house: House, story: Story) -> None:
    """Check that nothing of a story was kept."""
    with pytest.raises(MediatorError) as refusal:
        await found(house, story)
    assert refusal.value.entry is NOT_FOUND
    assert await house.queries.events(house.tenant_id, story.payment.id) == ()


async def stands_as(house: House, story: Story, before: Dossier) -> None:
    """Check that a payment and its books are as they were: states, events, hold, balances."""
    assert await found(house, story) == before
    events = await house.queries.events(house.tenant_id, story.payment.id)
    assert len(events) == sum(len(unit.events) for unit in story.units[: story.told])
    views = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None)
    booked = 0 if before.payment.captured_minor == 0 else before.payment.captured_minor
    assert {one.posted_debits + one.posted_credits for one in views} == {booked}
