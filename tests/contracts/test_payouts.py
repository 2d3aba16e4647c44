"""Payouts and beneficiaries in the stores: memory and PostgreSQL keep, refuse and read them alike."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from application.ports.beneficiaries import BeneficiaryFilter
from application.ports.journal import Claim, Committed, Conflict, IdempotencyKey, Resume
from application.ports.payouts import PayoutFilter
from domain.audit import AuditRecord
from domain.beneficiaries import Beneficiary, BeneficiaryState
from domain.errors import (
    IDEM_IN_FLIGHT,
    LEDGER_INSUFFICIENT_FUNDS,
    NOT_FOUND,
    SERVICE_UNAVAILABLE,
    MediatorError,
)
from domain.events import PayoutApproved, tag_of
from domain.ids import BeneficiaryId, EventId, LedgerTransactionId, PayoutId, ProviderAccountId
from domain.money import Currency
from domain.payouts import PayoutState
from domain.posting import PostHold, ReleaseHold
from tests.fakes.clerk import Clerk, refused, reverse
from tests.fakes.house import House
from tests.fakes.payout_desk import PayoutDesk, id_of
from tests.fakes.payout_story import ACCEPTED, PAID, RETURNED, UNKNOWN, PayoutStory, a_beneficiary, a_payout_order
from tests.fakes.world import SettableWorld


@pytest.fixture
def world() -> SettableWorld:
    """The present: leases are measured by the database's clock."""
    return SettableWorld(datetime.now(UTC))


@pytest.fixture
async def desk(house: House, world: SettableWorld) -> PayoutDesk:
    """A desk whose tenant has taken 10.00 EUR."""
    desk = PayoutDesk(house, world)
    await desk.bring()
    return desk


async def told(house: House, world: SettableWorld, *, amount_minor: int = 400) -> PayoutStory:
    """A payout that the stores know."""
    beneficiary = a_beneficiary(world, tenant_id=house.tenant_id)
    await house.beneficiaries.add(house.tenant_id, beneficiary, audit=an_audit(house, world), claim=None)
    order = a_payout_order(tenant_id=house.tenant_id, account=house.account, amount_minor=amount_minor)
    story = PayoutStory(order, world=world, beneficiary=beneficiary)
    await house.journal.commit(story.units[-1])
    return story


def an_audit(house: House, world: SettableWorld) -> AuditRecord:
    """An audit record of no account."""
    return AuditRecord(
        tenant_id=house.tenant_id,
        id=world.new_id(),
        at=world.now,
        actor="prn_test",
        action="test",
        subject="test",
        request_id="req_test",
        details={},
    )


async def keep(house: House, story: PayoutStory) -> PayoutStory:
    """Commit the last move of a story."""
    assert await house.journal.commit(story.units[-1]) == Committed()
    return story


async def available(house: House, code: str = "merchant:main:payable") -> int:
    """Give what is available of an account."""
    accounts = await house.ledger_windows.accounts()
    return next((one.available for one in accounts.values() if (one.code, one.currency) == (code, "EUR")), 0)


async def test_a_payout_is_read_back_as_it_was_committed(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    story = await told(house, world)
    for finding in (ACCEPTED, PAID, RETURNED):
        if story.dossier.operation is None:
            await keep(house, story.send())
        await keep(house, story.settle(finding))

        assert await house.payouts.get(house.tenant_id, story.payout.id) == story.dossier
    assert await available(house) == 1000
    assert await available(house, "payouts:in_transit") == 0


async def test_everything_of_a_payout_becomes_true_together(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    story = await told(house, world)
    await keep(house, story.send())
    await keep(house, story.settle(ACCEPTED))

    events = await house.payout_queries.events(house.tenant_id, story.payout.id)
    entries = await house.payout_queries.entries(house.tenant_id, story.payout.id)
    assert [tag_of(one) for one in events] == ["payout.created", "payout.sending", "payout.sent"]
    assert [(one.kind, one.account_code, one.direction, one.amount_minor) for one in entries] == [
        ("payout", "merchant:main:payable", "debit", 400),
        ("payout", "payouts:in_transit", "credit", 400),
    ]
    assert (await house.windows.outbox_tags())[-3:] == ["payout.created", "payout.sending", "payout.sent"]
    hold = await house.windows.hold(story.payout.hold_id)
    assert (hold.state, hold.posted_minor) == ("posted", 400)


async def test_an_old_version_is_a_conflict_and_leaves_nothing(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    story = await told(house, world)
    await keep(house, story.send())
    late = msgspec.structs.replace(story.units[-1], events=(_another_event(story),))

    with pytest.raises(Conflict):
        await house.journal.commit(late)

    assert len(await house.payout_queries.events(house.tenant_id, story.payout.id)) == 2


async def test_a_payout_has_one_operation_whatever_the_code_does(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    story = await told(house, world)
    await keep(house, story.send())
    operation = msgspec.structs.replace(story.operation, id=world.new_id(), key="another", version=1)
    payout = msgspec.structs.replace(story.payout, version=story.payout.version + 1)
    after = msgspec.structs.replace(story.dossier, payout=payout, operation=operation)
    unit = msgspec.structs.replace(story.units[-1], before=story.dossier, after=after, events=(_another_event(story),))

    with pytest.raises(Conflict):
        await house.journal.commit(unit)


async def test_what_is_not_covered_is_refused_whole(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    await told(house, world, amount_minor=900)

    with pytest.raises(MediatorError) as caught:
        await told(house, world, amount_minor=101)

    assert caught.value.entry is LEDGER_INSUFFICIENT_FUNDS
    assert len(await house.payout_queries.page(house.tenant_id, PayoutFilter(), before=None, limit=9)) == 1
    assert await available(house) == 100
    await told(house, world, amount_minor=100)


async def test_an_unlimited_overdraft_of_the_payable_is_no_cover(house: House, world: SettableWorld) -> None:
    with pytest.raises(MediatorError) as caught:
        await told(house, world)

    assert caught.value.entry is LEDGER_INSUFFICIENT_FUNDS


async def test_many_payouts_at_once_never_overdraw_together(desk: PayoutDesk) -> None:
    beneficiary_id = await desk.beneficiary()

    ends = await asyncio.gather(
        *(desk.order(f"key-{number}", beneficiary_id=beneficiary_id, amount_minor=70) for number in range(40)),
        return_exceptions=True,
    )

    made = [one for one in ends if not isinstance(one, BaseException)]
    troubles = [one for one in ends if isinstance(one, MediatorError)]
    assert (len(made), len(troubles)) == (14, 26)
    assert {one.entry for one in troubles} == {LEDGER_INSUFFICIENT_FUNDS}
    assert await available(desk.house) == 1000 - 14 * 70


async def test_one_key_at_the_same_time_makes_one_payout(desk: PayoutDesk) -> None:
    beneficiary_id = await desk.beneficiary()

    ends = await asyncio.gather(
        *(desk.order("key", beneficiary_id=beneficiary_id) for _ in range(12)), return_exceptions=True
    )

    answers = [one for one in ends if not isinstance(one, BaseException)]
    troubles = [one for one in ends if isinstance(one, MediatorError)]
    assert len({id_of(one) for one in answers}) == 1
    assert {one.entry for one in troubles} <= {IDEM_IN_FLIGHT, SERVICE_UNAVAILABLE}
    assert len(answers) + len(troubles) == 12
    assert await available(desk.house) == 600


async def test_workers_at_the_same_time_send_a_payout_once(desk: PayoutDesk) -> None:
    payout_id = await desk.ordered()

    await asyncio.gather(*(desk.carry_out(payout_id) for _ in range(12)))

    assert len(desk.provider.performed) == 1
    assert (await desk.payout(payout_id)).payout.state is PayoutState.COMPLETED


async def test_a_payout_whose_time_has_come_is_claimed_once(house: House, world: SettableWorld) -> None:
    desk = PayoutDesk(house, world)
    await desk.bring()
    world.now -= timedelta(hours=1)
    story = await told(house, world)
    await keep(house, story.send())
    await keep(house, story.settle(UNKNOWN))
    tenant = house.tenant_id
    assert tenant in await house.outbox.due_tenants(limit=1_000)

    first = await house.outbox.claim_payouts(tenant, limit=9, lease_seconds=60.0)
    again = await house.outbox.claim_payouts(tenant, limit=9, lease_seconds=60.0)

    assert (first, again) == ((story.payout.id,), ())


async def test_a_payout_is_found_by_its_key_and_by_the_provider_s_name_for_it(
    desk: PayoutDesk, world: SettableWorld
) -> None:
    house = desk.house
    story = await told(house, world)
    await keep(house, story.send())
    await keep(house, story.settle(ACCEPTED))
    payouts, tenant = house.payouts, house.tenant_id

    assert await payouts.find_by_key(tenant, story.operation.key) == story.payout.id
    assert await payouts.find_by_key(tenant, "opn_of_nobody") is None
    assert await payouts.find_by_reference(tenant, house.account, "po_1") == story.payout.id
    assert await payouts.find_by_reference(tenant, house.account, "po_2") is None
    assert await payouts.find_by_reference(tenant, ProviderAccountId(world.new_id()), "po_1") is None


async def test_payouts_are_listed_newest_first_by_what_is_asked(desk: PayoutDesk, world: SettableWorld) -> None:
    house = desk.house
    stories = [await told(house, world, amount_minor=100 + number) for number in range(3)]
    await keep(house, stories[0].cancel())
    ids = [one.payout.id for one in reversed(stories)]

    async def page(wanted: PayoutFilter, before: PayoutId | None = None) -> list[PayoutId]:
        return [one.id for one in await house.payout_queries.page(house.tenant_id, wanted, before=before, limit=9)]

    assert await page(PayoutFilter()) == ids
    assert await page(PayoutFilter(), before=ids[0]) == ids[1:]
    assert await page(PayoutFilter(state=PayoutState.CANCELLED)) == [stories[0].payout.id]
    assert await page(PayoutFilter(beneficiary_id=stories[1].payout.beneficiary_id)) == [stories[1].payout.id]
    assert await page(PayoutFilter(currency=Currency("EUR"), reference="salary-1")) == ids
    assert await page(PayoutFilter(currency=Currency("JPY"))) == []
    assert await page(PayoutFilter(created_from=stories[1].payout.created_at)) == ids[:2]
    assert await page(PayoutFilter(created_before=stories[1].payout.created_at)) == ids[2:]


async def test_nobody_posts_or_releases_or_reverses_what_belongs_to_a_payout(
    desk: PayoutDesk, world: SettableWorld
) -> None:
    house = desk.house
    story = await told(house, world)
    clerk = Clerk(house)
    held = await clerk.give(PostHold(id=LedgerTransactionId(world.new_id()), hold_id=story.payout.hold_id))
    released = await clerk.give(ReleaseHold(hold_id=story.payout.hold_id))
    await keep(house, story.send())
    await keep(house, story.settle(ACCEPTED))
    entries = await house.payout_queries.entries(house.tenant_id, story.payout.id)

    reversed_ = await clerk.give(reverse(LedgerTransactionId(entries[0].transaction_id)))

    assert all(refused(one) for one in (held, released, reversed_))


async def test_an_unknown_payout_is_not_found(house: House, world: SettableWorld) -> None:
    with pytest.raises(MediatorError) as caught:
        await house.payouts.get(house.tenant_id, PayoutId(world.new_id()))

    assert caught.value.entry is NOT_FOUND


class TestBeneficiaries:
    """Kept, read, listed, archived."""

    async def test_one_key_adds_one(self, house: House, world: SettableWorld) -> None:
        first, second = (a_beneficiary(world, tenant_id=house.tenant_id) for _ in range(2))
        key = IdempotencyKey("POST /v1/beneficiaries", "key", b"f" * 32)

        made = await self._add(house, world, first, Claim(key, first.id, 0.0))
        again = await self._add(house, world, second, Claim(key, second.id, 0.0))

        assert (made, again) == (first, Resume(first.id))
        assert await house.beneficiaries.get(house.tenant_id, first.id) == first
        with pytest.raises(MediatorError) as caught:
            await house.beneficiaries.get(house.tenant_id, second.id)
        assert caught.value.entry is NOT_FOUND

    async def test_archiving_again_changes_nothing(self, house: House, world: SettableWorld) -> None:
        beneficiary = a_beneficiary(world, tenant_id=house.tenant_id)
        await self._add(house, world, beneficiary)
        book = house.beneficiaries

        archived = [await book.archive(house.tenant_id, beneficiary.id, audit=an_audit(house, world)) for _ in range(2)]

        assert archived[0] == archived[1]
        assert (archived[0].state, archived[0].version) == (BeneficiaryState.ARCHIVED, 2)
        with pytest.raises(MediatorError) as caught:
            await book.archive(house.tenant_id, BeneficiaryId(world.new_id()), audit=an_audit(house, world))
        assert caught.value.entry is NOT_FOUND

    async def test_they_are_listed_newest_first_by_what_is_asked(self, house: House, world: SettableWorld) -> None:
        made = [a_beneficiary(world, tenant_id=house.tenant_id) for _ in range(3)]
        made[1] = msgspec.structs.replace(made[1], reference="anna")
        for one in made:
            await self._add(house, world, one)
        await house.beneficiaries.archive(house.tenant_id, made[0].id, audit=an_audit(house, world))
        ids = [one.id for one in reversed(made)]

        async def page(wanted: BeneficiaryFilter, before: BeneficiaryId | None = None) -> list[BeneficiaryId]:
            return [one.id for one in await house.beneficiaries.page(house.tenant_id, wanted, before=before, limit=9)]

        assert await page(BeneficiaryFilter()) == ids
        assert await page(BeneficiaryFilter(), before=ids[0]) == ids[1:]
        assert await page(BeneficiaryFilter(state=BeneficiaryState.ACTIVE)) == ids[:2]
        assert await page(BeneficiaryFilter(reference="anna")) == [made[1].id]
        assert await page(BeneficiaryFilter(currency=Currency("JPY"))) == []

    async def _add(
        self, house: House, world: SettableWorld, beneficiary: Beneficiary, claim: Claim | None = None
    ) -> object:
        audit = an_audit(house, world)
        return await house.beneficiaries.add(house.tenant_id, beneficiary, audit=audit, claim=claim)


def _another_event(story: PayoutStory) -> PayoutApproved:
    world = story.world
    return PayoutApproved(
        event_id=EventId(world.new_id()),
        payout_id=story.payout.id,
        at=world.now,
        approved_by="prn_test",
    )
