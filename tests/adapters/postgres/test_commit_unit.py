"""The posting function trusts nobody: documents that no Python of ours would write are refused by the database."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from asyncpg.exceptions import PostgresError
from uuid_utils.compat import uuid7

from adapters.postgres.journal import document_of
from domain.bookkeeping import clearing, payable
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.story import EUR, Story

Document = dict[str, Any]


@pytest.fixture
async def application(application_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the running application."""
    connection = await asyncpg.connect(application_url)
    yield connection
    await connection.close()


def document(story: Story) -> Document:
    """Write the latest unit of a story as the function reads it."""
    written: Document = json.loads(document_of(story.units[-1]))
    return written


async def commit(application: asyncpg.Connection, house: House, unit: Document) -> str:
    """Call the function by hand."""
    sql = "select (fm.commit_units($1, jsonb_build_array($2::jsonb))->0)::text"
    return str(await application.fetchval(sql, house.tenant_id, json.dumps(unit)))


def facts(error: PostgresError) -> tuple[object, object]:
    """Give the error's code and the rule that was broken."""
    return getattr(error, "sqlstate", None), getattr(error, "constraint_name", None)


async def nothing_changed(house: House, story: Story) -> None:
    """Check that the payment stands as it was kept, and nothing is booked."""
    found = await house.payments.get(house.tenant_id, story.payment.id)
    assert found.payment.version == story.told
    accounts = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None)
    assert {one.posted_debits + one.posted_credits for one in accounts} == {0}
    assert len(await house.queries.events(house.tenant_id, story.payment.id)) == 2


def _one_cent_more(unit: Document) -> None:
    unit["entries"][0]["amount_minor"] += 1


def _one_side(unit: Document) -> None:
    del unit["entries"][1]


def _other_currency(unit: Document) -> None:
    unit["entries"][1]["currency"] = "JPY"


def _same_side(unit: Document) -> None:
    unit["entries"][1]["direction"] = "debit"


def _across_transactions(unit: Document) -> None:
    unit["entries"][1]["transaction_id"] = str(uuid7())


@pytest.mark.parametrize(
    "spoil",
    [_one_cent_more, _one_side, _other_currency, _same_side, _across_transactions],
    ids=lambda one: one.__name__,
)
async def test_entries_that_do_not_balance_are_refused(
    house: House, application: asyncpg.Connection, spoil: Callable[[Document], None]
) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    spoil(unit)

    with pytest.raises(PostgresError) as refusal:
        await commit(application, house, unit)

    assert facts(refusal.value) == ("FM422", "ledger_unbalanced")
    await nothing_changed(house, story)


def _zero(unit: Document) -> None:
    for entry in unit["entries"]:
        entry["amount_minor"] = 0


def _negative(unit: Document) -> None:
    for entry in unit["entries"]:
        entry["amount_minor"] = -5


def _sideways(unit: Document) -> None:
    unit["entries"][0]["direction"] = "sideways"
    del unit["entries"][1]


def _nobodys_account(unit: Document) -> None:
    unit["accounts"] = []
    for entry in unit["entries"]:
        entry["code"] = "nobody:s:account"


def _unknown_transaction(unit: Document) -> None:
    unit["transactions"] = []


@pytest.mark.parametrize(
    "spoil", [_zero, _negative, _sideways, _nobodys_account, _unknown_transaction], ids=lambda one: one.__name__
)
async def test_entries_that_are_none_are_refused(
    house: House, application: asyncpg.Connection, spoil: Callable[[Document], None]
) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    spoil(unit)

    with pytest.raises(PostgresError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


def _without_its_hold(unit: Document) -> None:
    unit["hold_changes"][0]["post_minor"] = 1001


def _less_than_nothing(unit: Document) -> None:
    unit["hold_changes"][0] |= {"post_minor": -5, "release_minor": 0}


def _released_less_than_nothing(unit: Document) -> None:
    unit["hold_changes"][0] |= {"post_minor": 1001, "release_minor": -1}


@pytest.mark.parametrize(
    "spoil", [_without_its_hold, _less_than_nothing, _released_less_than_nothing], ids=lambda one: one.__name__
)
async def test_a_hold_gives_what_it_has_and_takes_nothing_back(
    house: House, application: asyncpg.Connection, spoil: Callable[[Document], None]
) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    spoil(unit)

    with pytest.raises(PostgresError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


def _captured_beyond_authorized(unit: Document) -> None:
    unit["payments"][0] |= {"authorized_minor": 999}


def _authorized_beyond_amount(unit: Document) -> None:
    unit["payments"][0] |= {"authorized_minor": 1001, "captured_minor": 1001}


def _refunded_beyond_captured(unit: Document) -> None:
    unit["payments"][0] |= {"refunded_minor": 1001}


def _unheard_of_state(unit: Document) -> None:
    unit["payments"][0] |= {"state": "paid"}


@pytest.mark.parametrize(
    "spoil",
    [_captured_beyond_authorized, _authorized_beyond_amount, _refunded_beyond_captured, _unheard_of_state],
    ids=lambda one: one.__name__,
)
async def test_a_payment_out_of_its_bounds_is_refused(
    house: House, application: asyncpg.Connection, spoil: Callable[[Document], None]
) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    spoil(unit)

    with pytest.raises(asyncpg.CheckViolationError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


async def test_a_unit_without_an_event_is_refused(house: House, application: asyncpg.Connection) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed()) | {"events": []}

    with pytest.raises(PostgresError) as refusal:
        await commit(application, house, unit)

    assert facts(refusal.value) == ("FM422", "unit_events")
    await nothing_changed(house, story)


async def test_states_of_another_tenant_are_not_written(house: House, application: asyncpg.Connection) -> None:
    story = await keep(house, story_for(house))
    stranger = uuid7()
    fresh = document(story_for(house))

    for unit in (fresh, document(story.succeed())):
        with pytest.raises(PostgresError):
            await application.fetchval(
                "select fm.commit_units($1, jsonb_build_array($2::jsonb))", stranger, json.dumps(unit)
            )

    await nothing_changed(house, story)


async def test_an_amount_beyond_every_integer_is_refused(house: House, application: asyncpg.Connection) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    for entry in unit["entries"]:
        entry["amount_minor"] = 2**63

    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


async def test_sums_that_pass_every_integer_do_not_wrap_around(house: House, application: asyncpg.Connection) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    debit, credit = unit["entries"]
    unit["entries"] = [
        entry | {"amount_minor": 2**62, "line": line + 1}
        for line, entry in enumerate((debit, debit, debit, credit, credit, credit))
    ]

    with pytest.raises(PostgresError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


async def test_an_entry_finds_no_account_of_another_currency(house: House, application: asyncpg.Connection) -> None:
    story = await keep(house, story_for(house))
    unit = document(story.succeed())
    for entry in unit["entries"]:
        entry["currency"] = "JPY"

    with pytest.raises(PostgresError):
        await commit(application, house, unit)

    await nothing_changed(house, story)


async def test_what_the_function_takes_from_our_own_hand_is_committed(
    house: House, application: asyncpg.Connection
) -> None:
    story = await keep(house, story_for(house))

    assert json.loads(await commit(application, house, document(story.succeed()))) == {"verdict": "committed"}
    codes = {clearing(house.account, EUR).code, payable(EUR).code}
    accounts = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None)
    assert {one.code for one in accounts} == codes
