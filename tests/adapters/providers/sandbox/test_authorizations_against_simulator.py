"""Each token of the gateway from the authorization to what a look-up finds."""

from typing import Any

import pytest

from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    Decline,
    Missing,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
)
from entrypoints.simulator.gateway import Delays
from tests.adapters.providers.sandbox.examples import authorize, later
from tests.adapters.providers.sandbox.world import World

EUR_10 = amount_of(1000, "EUR")
EUR_4 = amount_of(400, "EUR")


@pytest.mark.parametrize("amount", [amount_of(1, "JPY"), amount_of(1234, "EUR"), amount_of(1005, "KWD")])
@pytest.mark.parametrize("capture", [True, False])
async def test_success(world: World, *, amount: Any, capture: bool) -> None:
    instruction = authorize(amount=amount, capture=capture)

    outcome = await world.provider.perform(instruction)
    again = await world.provider.perform(instruction)
    found = await world.provider.look_up(instruction)

    assert isinstance(outcome, Succeeded)
    assert outcome.amount == amount
    assert outcome == again == found


@pytest.mark.parametrize(
    ("source", "code", "decline"),
    [
        ("tok_declined", "insufficient_funds", Decline.SOFT),
        ("tok_declined_hard", "stolen_card", Decline.HARD),
        ("tok_nonsense", "source_unknown", Decline.INVALID),
    ],
)
async def test_refusals(world: World, source: str, code: str, decline: Decline) -> None:
    instruction = authorize(payment_method=source)

    outcome = await world.provider.perform(instruction)
    found = await world.provider.look_up(instruction)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == (code, decline)
    assert found == outcome if decline is not Decline.INVALID else isinstance(found, Missing)


@pytest.mark.parametrize("approve", [True, False])
async def test_customers_step(world: World, *, approve: bool) -> None:
    instruction = authorize(payment_method="tok_action", capture=True)
    waiting = await world.provider.perform(instruction)
    assert isinstance(waiting, AcceptedPending)
    assert (waiting.action_url or "").startswith(f"{world.merchant.url}/actions/")
    assert await world.provider.look_up(instruction) == waiting

    path = f"/control/charges/{waiting.provider_reference}/complete_action"
    await world.merchant.post(path, {"approve": approve})

    found = await world.provider.look_up(instruction)
    if approve:
        assert found == Succeeded(waiting.provider_reference, EUR_10)
    else:
        assert isinstance(found, Rejected)
        assert (found.code, found.decline) == ("authentication_failed", Decline.HARD)


async def test_void_while_the_customer_is_away(world: World) -> None:
    instruction = authorize(payment_method="tok_action")
    waiting = await world.provider.perform(instruction)
    assert isinstance(waiting, AcceptedPending)
    void = later(OperationKind.VOID, provider_reference=waiting.provider_reference)

    assert await world.provider.perform(void) == Succeeded(waiting.provider_reference, EUR_10)

    found = await world.provider.look_up(instruction)
    assert isinstance(found, Rejected)
    assert (found.code, found.decline) == ("voided", Decline.HARD)


async def test_pending_ends_by_itself(world: World) -> None:
    instruction = authorize(payment_method="tok_pending", capture=True)

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, AcceptedPending)
    assert outcome.action_url is None
    assert await world.find(instruction) == Succeeded(outcome.provider_reference, EUR_10)


@pytest.mark.parametrize("source", ["tok_timeout", "tok_cut", "tok_garbage", "tok_error_after"])
async def test_taken_without_an_answer_is_unknown_and_then_found(world: World, source: str) -> None:
    instruction = authorize(payment_method=source, capture=True)
    hasty = world.connect(deadline_seconds=0.6)

    outcome = await hasty.perform(instruction)
    found = await world.provider.look_up(instruction)
    again = await world.provider.perform(instruction)

    assert isinstance(outcome, Unknown)
    assert isinstance(found, Succeeded)
    assert (found.amount, again) == (EUR_10, found)
    assert len(await world.charges()) == 1


@pytest.mark.parametrize("source", ["tok_drop", "tok_error_before"])
async def test_not_taken_without_an_answer_is_unknown_and_then_missing(world: World, source: str) -> None:
    instruction = authorize(payment_method=source)

    outcome = await world.provider.perform(instruction)
    found = await world.provider.look_up(instruction)

    assert isinstance(outcome, Unknown)
    assert isinstance(found, Missing)
    assert await world.charges() == []


async def test_late_effect_is_missing_first_and_found_within_the_horizon(world: World) -> None:
    instruction = authorize(payment_method="tok_late", capture=True)

    outcome = await world.provider.perform(instruction)
    at_once = await world.provider.look_up(instruction)
    again = await world.provider.perform(instruction)
    found = await world.find(instruction)

    assert isinstance(outcome, Unknown)
    assert isinstance(again, Unknown)
    assert isinstance(at_once, Missing)
    assert isinstance(found, Succeeded)
    assert len(await world.charges()) == 1
    assert Delays().late_seconds < (world.provider.manifest.visibility_horizon_seconds or 0)


@pytest.mark.parametrize("capture", [True, False])
async def test_wrong_amount_is_handed_on_as_the_gateway_states_it(world: World, *, capture: bool) -> None:
    instruction = authorize(payment_method="tok_wrong_amount", capture=capture)

    outcome = await world.provider.perform(instruction)
    found = await world.provider.look_up(instruction)

    assert isinstance(outcome, Succeeded)
    assert outcome.amount == amount_of(1001, "EUR")
    assert found == outcome
