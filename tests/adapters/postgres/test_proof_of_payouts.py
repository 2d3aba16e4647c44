"""The proof of payouts: green with a payout in every state, and each check catches its own kind of corruption."""

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.proof import CHECKS, PostgresProof
from application.ports.ledger import Finding
from domain.providers import Finding as Word
from tests.adapters.postgres.payout_corruptions import SEEN_IN_PAYOUTS
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.payout_story import (
    ACCEPTED,
    MISSING,
    NOT_SENT,
    PAID,
    REJECTED,
    RETURNED,
    UNKNOWN,
    PayoutStory,
    a_beneficiary,
    a_payout_order,
)

HEARD: tuple[tuple[Word, ...], ...] = (
    (),
    (UNKNOWN,),
    (NOT_SENT,),
    (MISSING,),
    (REJECTED,),
    (ACCEPTED,),
    (ACCEPTED, REJECTED),
    (ACCEPTED, PAID),
    (PAID, RETURNED),
    (ACCEPTED, RETURNED),
    (PAID, REJECTED),
)


async def keep_payout(house: House, story: PayoutStory) -> None:
    """Commit every move of a payout."""
    book, beneficiary = house.beneficiaries, story.dossier.beneficiary
    await book.add(house.tenant_id, beneficiary, audit=story.units[0].audit, claim=None)
    for unit in story.units:
        await house.journal.commit(unit)


@pytest.fixture
async def proof(house: House, engine: AsyncEngine) -> PostgresProof:
    """The proof of a tenant with a payout in every state."""
    brought = await keep(house, story_for(house, amount_minor=100_000).succeed())

    def begun(*, requires_approval: bool = False) -> PayoutStory:
        order = a_payout_order(tenant_id=house.tenant_id, account=house.account, requires_approval=requires_approval)
        beneficiary = a_beneficiary(brought.world, tenant_id=house.tenant_id)
        return PayoutStory(order, world=brought.world, beneficiary=beneficiary)

    stories = [begun(), begun(requires_approval=True), begun().cancel(), begun(requires_approval=True).deny()]
    stories.append(begun(requires_approval=True).approve().send().settle(ACCEPTED).settle(PAID))
    stories.append(begun().send().settle(MISSING, resends=False).settle(ACCEPTED))
    for heard in HEARD:
        story = begun().send()
        for word in heard:
            story.settle(word)
        stories.append(story)
    for story in stories:
        await keep_payout(house, story)
    return PostgresProof(engine, margin_seconds=0)


async def found(proof: PostgresProof, house: House) -> dict[str, tuple[Finding, ...]]:
    """Give what each check finds, where it finds anything."""
    findings = {name: await proof.check(house.tenant_id, name) for name in CHECKS}
    return {name: one for name, one in findings.items() if one}


async def test_payouts_in_every_state_are_proved(proof: PostgresProof, house: House) -> None:
    assert await found(proof, house) == {}


@pytest.mark.parametrize("name", SEEN_IN_PAYOUTS)
async def test_a_corruption_of_payouts_is_found_by_its_check(
    proof: PostgresProof, house: House, owner: asyncpg.Connection, name: str
) -> None:
    check, sql = SEEN_IN_PAYOUTS[name]
    done = await owner.execute(sql, house.tenant_id)

    assert not done.endswith(" 0")
    findings = await proof.check(house.tenant_id, check)
    assert findings
    assert all(one.check == check and one.subject and one.detail for one in findings)


async def test_a_payout_is_not_written_twice_under_two_keys(
    proof: PostgresProof, house: House, owner: asyncpg.Connection
) -> None:
    with pytest.raises(asyncpg.UniqueViolationError, match="payout_operations_payout_uq"):
        await owner.execute(
            """insert into fm.payout_operations select (jsonb_populate_record(o, jsonb_build_object(
                'id', gen_random_uuid(), 'key', 'another'))).*
              from fm.payout_operations o where o.tenant_id = $1 limit 1""",
            house.tenant_id,
        )
    assert await found(proof, house) == {}
