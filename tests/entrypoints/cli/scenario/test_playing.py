"""How the scenario is judged: only exactly the expected is well, whatever goes wrong on the way."""

import io

import pytest
from rich.console import Console

from application.ledger.prove import CheckResult, CurrencyTotal, ProofReport
from application.ports.ledger import Finding
from entrypoints.cli.demonstration import Demonstration, show
from entrypoints.cli.scenario.playing import PRICES, STEPS, Balance, play, play_all
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Played, Step
from tests.entrypoints.cli.scenario.conftest import Script

SOUND = ProofReport(
    results=(CheckResult(tenant="ten_1", check="entries_balance", faults=()),),
    totals=(("ten_1", CurrencyTotal(currency="EUR", debits=5, credits=5, entries=2)),),
)
BALANCE = Balance(
    account="merchant:main:payable",
    currency="EUR",
    normal_balance="credit",
    posted=1999,
    pending=1999,
    available=1999,
    at_risk=0,
    posted_debits=0,
    posted_credits=1999,
)


def a_step(seen: str, *, is_slow: bool = False) -> Step:
    """A step that sees this and expects to see the price."""

    async def see(_shop: Shop) -> str:
        return seen

    return Step(name=f"sees {seen}", expected="{price}", play=see, is_slow=is_slow)


def shown(demonstration: Demonstration) -> str:
    """Give what is printed of it."""
    out = io.StringIO()
    show(Console(file=out, width=160), demonstration)
    return out.getvalue()


async def test_step_is_well_when_exactly_the_expected_is_seen(shop: Shop) -> None:
    well, ill = await play(a_step("19.99 EUR"), shop), await play(a_step("19.98 EUR"), shop)

    assert (well.is_well, well.expected, well.currency) == (True, "19.99 EUR", "EUR")
    assert (ill.is_well, ill.seen) == (False, "19.98 EUR")


async def test_all_steps_are_told_in_the_order_of_the_scenario_whichever_was_quicker(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (a_step("first"), a_step("second", is_slow=True))
    monkeypatch.setattr("entrypoints.cli.scenario.playing.STEPS", steps)
    heard: list[str] = []

    played = await play_all({"EUR": shop}, heard.append)

    assert [one.seen for one in played] == ["first", "second"]
    assert heard == ["1 of 2 steps", "2 of 2 steps"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
async def test_no_step_is_well_before_an_api_that_always_fails(step: Step, shop: Shop, script: Script) -> None:
    played = await play(step, shop)

    assert not played.is_well
    assert script.asked


def test_scenario_has_currencies_of_0_2_and_3_decimals() -> None:
    assert set(PRICES) == {"JPY", "EUR", "KWD", "NPR"}
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_demonstration_without_faults_shows_everything() -> None:
    played = Played(step="a payment succeeds", currency="EUR", expected="201", seen="201", milliseconds=5)
    demonstration = Demonstration(played=(played,), balances=(BALANCE,), proof=SOUND)

    text = shown(demonstration)

    assert demonstration.faults == ()
    assert all(
        word in text for word in ("a payment succeeds", "as expected", "19.99 EUR", "0.05 EUR", "The books hold")
    )
    assert "✗" not in text


def test_demonstration_with_faults_names_each() -> None:
    fault = Finding("entries_balance", "ltx_1", "debits and credits differ by 1")
    unsound = ProofReport(
        results=(CheckResult(tenant="ten_1", check="entries_balance", faults=(fault,)),),
        totals=(("ten_1", CurrencyTotal(currency="EUR", debits=6, credits=5, entries=2)),),
    )
    played = Played(step="a payment succeeds", currency="EUR", expected="201", seen="500", milliseconds=5)
    demonstration = Demonstration(played=(played,), balances=(), proof=unsound)

    text = shown(demonstration)

    assert demonstration.faults == ("a payment succeeds in EUR: 500", "the books do not hold")
    assert "entries_balance: ltx_1: debits and credits differ by 1" in text
    assert "The books do not hold: 1 faults, 1 sums that are not zero." in text
    assert "0.01 EUR" in text
