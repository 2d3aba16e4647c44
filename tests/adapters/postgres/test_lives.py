"""Random lives of payments, kept in a real database: it takes what the domain decides, and its books can be proved."""

import random

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.proof import CHECKS, PostgresProof
from domain.payments import CaptureMode
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.lives import CHOICES_MAX, lead
from tests.fakes.story import SECOND_ACCOUNT, Story


@pytest.fixture(autouse=True)
async def second_account(house: House, owner: asyncpg.Connection) -> None:
    """Another account of the tenant, to which payments may go on."""
    sql = """insert into fm.provider_accounts (tenant_id, id, provider, name, state, created_at)
      values ($1, $2, 'sandbox', 'Sandbox', 'enabled', now())"""
    await owner.execute(sql, house.tenant_id, SECOND_ACCOUNT)


def random_life(house: House, chance: random.Random) -> Story:
    """Lead one payment at random."""
    story = story_for(
        house,
        amount_minor=chance.choice([1, 2, 1000, 2**53 - 1]),
        currency=chance.choice(["JPY", "EUR", "KWD"]),
        capture_mode=chance.choice(list(CaptureMode)),
    )
    return lead(story, [chance.randint(0, CHOICES_MAX) for _ in range(chance.randint(3, 15))])


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_the_database_says_what_the_domain_decided(
    house: House, engine: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a repeatable life
    stories = [await keep(house, random_life(house, chance)) for _ in range(6)]

    for story in stories:
        assert await house.payments.get(house.tenant_id, story.payment.id) == story.dossier
        assert await house.queries.events(house.tenant_id, story.payment.id) == tuple(story.events)
    for check in CHECKS:
        assert await PostgresProof(engine).check(house.tenant_id, check) == ()


@pytest.mark.parametrize("seed", range(4))
async def test_balances_in_the_database_are_the_sums_of_the_stories_books(house: House, seed: int) -> None:
    chance = random.Random(100 + seed)  # noqa: S311 -- a repeatable life
    expected: dict[tuple[str, str], list[int]] = {}
    for _ in range(6):
        story = await keep(house, random_life(house, chance))
        for key, account in story.books.accounts.items():
            sums = expected.setdefault(key, [0, 0, 0, 0])
            for place, amount in enumerate(
                (account.posted_debits, account.posted_credits, account.pending_debits, account.pending_credits)
            ):
                sums[place] += amount

    accounts = await house.ledger.accounts(house.tenant_id, after=None, limit=99, currency=None, code=None)
    found = {
        (one.code, one.currency): [one.posted_debits, one.posted_credits, one.pending_debits, one.pending_credits]
        for one in accounts
    }
    assert found == expected
