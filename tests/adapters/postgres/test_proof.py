"""The proof of the books: green on a busy ledger, and each check catches its own kind of corruption."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.proof import CHECKS, PostgresProof
from application.ports.ledger import ChargeInOurBooks, Finding
from domain.ids import ProviderAccountId
from domain.money import Money
from domain.payments import CaptureMode
from domain.providers import Succeeded
from tests.adapters.postgres.corruptions import NOT_SEEN, SEEN, SEEN_WITHOUT_THE_INDEX
from tests.adapters.postgres.general_ledger import general_ledger
from tests.adapters.postgres.ledger_corruptions import SEEN_IN_THE_LEDGER, statement
from tests.adapters.postgres.payout_corruptions import SEEN_IN_PAYOUTS
from tests.fakes.house import House, postgres_house
from tests.fakes.identity import a_tenant
from tests.fakes.keeping import keep, story_for
from tests.fakes.stores import Database
from tests.fakes.story import ACTION, CHARGE, DECLINED, EUR, MISSING, NOT_SENT, PENDING, UNKNOWN, Story
from tests.fakes.world import MONDAY


class Ledger(msgspec.Struct, frozen=True):
    """A tenant whose payments are in every state that there is."""

    house: House
    proof: PostgresProof
    captured: Story
    authorized: Story
    unknown: Story
    declined: Story
    voiding: Story
    reviewed: Story

    async def found(self) -> dict[str, tuple[Finding, ...]]:
        """Give what each check finds, where it finds anything."""
        found = {name: await self.proof.check(self.house.tenant_id, name) for name in CHECKS}
        return {name: findings for name, findings in found.items() if findings}


async def busy_ledger(house: House, engine: AsyncEngine, owner: asyncpg.Connection) -> Ledger:
    """Keep payments in every state, and transfers and holds of every kind."""

    def manual() -> Story:
        return story_for(house, capture_mode=CaptureMode.MANUAL)

    captured = story_for(house).succeed().give_back(100).succeed().give_back(200).settle(DECLINED).give_back(50)
    authorized = manual().succeed().capture(400).succeed()
    voiding = manual().succeed().capture(300).succeed().give_back(20).settle(UNKNOWN).void().settle(UNKNOWN)
    reviewed = story_for(house).succeed().give_back(10).settle(Succeeded(CHARGE, Money(1, EUR))).give_back(5)
    unknown, declined = story_for(house).settle(UNKNOWN), story_for(house).settle(DECLINED)
    others = (
        story_for(house),
        story_for(house, currency="JPY").succeed(),
        story_for(house, currency="KWD").settle(ACTION),
        manual().settle(PENDING).void(),
        manual().succeed().void().succeed(),
        story_for(house).settle(NOT_SENT).try_again(),
        story_for(house).settle(NOT_SENT).cancel_unsent(),
        story_for(house).settle(UNKNOWN).settle(MISSING).succeed(),
        manual().settle(DECLINED).succeed(),
        story_for(house).settle(Succeeded(CHARGE, Money(1, EUR))),
    )
    for story in (captured, authorized, unknown, declined, voiding, reviewed, *others):
        await keep(house, story)
    await general_ledger(house, owner)
    return Ledger(
        house, PostgresProof(engine, margin_seconds=0), captured, authorized, unknown, declined, voiding, reviewed
    )


@pytest.fixture
async def ledger(house: House, engine: AsyncEngine, owner: asyncpg.Connection) -> Ledger:
    """A busy ledger of a fresh tenant."""
    return await busy_ledger(house, engine, owner)


async def test_a_busy_ledger_is_proved(ledger: Ledger) -> None:
    assert await ledger.found() == {}


ALL_SEEN = SEEN | SEEN_IN_THE_LEDGER


@pytest.mark.parametrize("name", ALL_SEEN)
async def test_a_corruption_is_found_by_its_check(ledger: Ledger, owner: asyncpg.Connection, name: str) -> None:
    check, sql = ALL_SEEN[name]
    done = await owner.execute(statement(sql), ledger.house.tenant_id)

    assert not done.endswith(" 0")
    findings = await ledger.proof.check(ledger.house.tenant_id, check)
    assert findings
    assert all(one.check == check and one.subject and one.detail for one in findings)


async def test_a_second_live_attempt_is_found_where_nothing_prevents_it(fresh_database: Database) -> None:
    engine = make_engine(fresh_database.application_url, pool=PoolSize(2, 2), application="tests-proof")
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=MONDAY)
    await PostgresTenants(engine).open(tenant)
    house = postgres_house(tenant, engine, fresh_database.owner_url)
    story = await keep(house, story_for(house).settle(UNKNOWN))
    ((check, sql),) = SEEN_WITHOUT_THE_INDEX.values()
    owner = await asyncpg.connect(fresh_database.owner_url)
    await owner.execute("drop index fm.payment_attempts_one_live_uq")
    await owner.execute(statement(sql), tenant.tenant_id)
    findings = await PostgresProof(engine).check(tenant.tenant_id, check)
    await owner.close()
    await engine.dispose()

    assert [one.subject for one in findings] == [str(story.payment.id)]


def test_every_check_has_a_corruption_that_it_must_find() -> None:
    assert {
        check for check, _ in (*ALL_SEEN.values(), *SEEN_IN_PAYOUTS.values(), *SEEN_WITHOUT_THE_INDEX.values())
    } == set(CHECKS)


@pytest.mark.parametrize("name", NOT_SEEN)
async def test_a_corruption_that_no_check_sees_yet_is_known_by_name(
    ledger: Ledger, owner: asyncpg.Connection, name: str
) -> None:
    done = await owner.execute(statement(NOT_SEEN[name]), ledger.house.tenant_id)

    assert not done.endswith(" 0")
    assert await ledger.found() == {}


async def test_another_tenants_corruption_is_none_of_ours(
    ledger: Ledger, owner: asyncpg.Connection, engine: AsyncEngine
) -> None:
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=MONDAY)
    await PostgresTenants(engine).open(tenant)
    await owner.execute(
        "update fm.entries set amount_minor = amount_minor + 1 where tenant_id = $1 and line = 1",
        ledger.house.tenant_id,
    )

    assert await ledger.found() != {}
    for check in CHECKS:
        assert await ledger.proof.check(tenant.tenant_id, check) == ()


async def test_a_fresh_event_waits_without_blame_until_its_time(ledger: Ledger, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "update fm.outbox set created_at = now() - $2::interval where tenant_id = $1",
        ledger.house.tenant_id,
        timedelta(seconds=250),
    )

    assert await ledger.found() == {}


async def test_a_hundred_faults_are_shown_and_no_more(ledger: Ledger, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "insert into fm.outbox (tenant_id, event_id, tag, created_at) "
        "select $1, gen_random_uuid(), 'x', now() - interval '1 hour' from generate_series(1, 150)",
        ledger.house.tenant_id,
    )

    assert len(await ledger.proof.check(ledger.house.tenant_id, "outbox_is_fresh")) == 100


async def test_the_totals_sum_to_zero_per_currency(ledger: Ledger) -> None:
    totals = {
        currency: (debits, credit, count)
        for currency, debits, credit, count in await ledger.proof.totals(ledger.house.tenant_id)
    }

    assert set(totals) == {"EUR", "JPY", "CHF"}
    assert all(debits == credit > 0 for debits, credit, _ in totals.values())
    assert totals["JPY"] == (1000, 1000, 2)


async def charges_of(charges: AsyncIterator[ChargeInOurBooks]) -> dict[object, ChargeInOurBooks]:
    """Collect the charges by payment."""
    return {one.payment_id: one async for one in charges}


async def test_each_payment_at_an_account_is_told_once_with_what_was_taken_and_given_back(ledger: Ledger) -> None:
    house = ledger.house
    charges = await charges_of(ledger.proof.charges(house.tenant_id, house.account))

    assert len(charges) == 16
    captured, authorized = charges[ledger.captured.payment.id], charges[ledger.authorized.payment.id]
    assert (captured.captured_minor, captured.refunded_minor, captured.in_doubt) == (1000, 100, True)
    assert (authorized.captured_minor, authorized.refunded_minor, authorized.in_doubt) == (400, 0, False)
    assert charges[ledger.unknown.payment.id].in_doubt
    assert charges[ledger.reviewed.payment.id].in_doubt
    assert not charges[ledger.declined.payment.id].in_doubt


async def test_the_charges_of_another_account_are_none(ledger: Ledger) -> None:
    assert await charges_of(ledger.proof.charges(ledger.house.tenant_id, uuid7())) == {}
