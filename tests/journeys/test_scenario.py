"""Every line of the demo scenario, in order, in each of its currencies, against a running `mediator up`."""

import asyncio

import pytest

from entrypoints.cli.scenario.playing import STEPS, chapters_of, play, read_balances
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Step
from tests.journeys.households import Up, run_command

CHAPTERS = chapters_of(STEPS)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter[0].chapter or chapter[0].name)
async def test_scenario_goes_as_expected_in_every_currency(chapter: tuple[Step, ...], shops: dict[str, Shop]) -> None:
    for step in chapter:
        played = await asyncio.gather(*(play(step, shop) for shop in shops.values() if step.is_for(shop)))

        assert played
        assert {one.currency: one.seen for one in played} == {one.currency: one.expected for one in played}


async def test_balances_of_a_currency_are_the_same_on_both_sides(shops: dict[str, Shop]) -> None:
    for shop in shops.values():
        await shop.paid()

    balances = await read_balances(shops["EUR"])

    assert {one.currency for one in balances} == {"JPY", "EUR", "KWD", "NPR"}
    for currency in shops:
        of_currency = [one for one in balances if one.currency == currency]
        assert sum(one.posted_debits for one in of_currency) == sum(one.posted_credits for one in of_currency) > 0


async def test_proof_holds_and_the_provider_agrees(house: Up, shops: dict[str, Shop]) -> None:
    await shops["KWD"].paid()

    answer = await asyncio.to_thread(run_command, "prove", "--folder", str(house.folder.path))

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "The books hold: every currency sums to zero" in answer.stdout
    assert "payments compared" in answer.stdout
