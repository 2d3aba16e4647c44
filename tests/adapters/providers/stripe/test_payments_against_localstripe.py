"""Payments from the first call to what a look-up finds, against a Stripe that nobody here wrote."""

import asyncio

import pytest

from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    Decline,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)
from tests.adapters.providers.stripe.examples import authorize
from tests.adapters.providers.stripe.world import World, fresh, on

EUR_5 = amount_of(500, "EUR")
EUR_20 = amount_of(2000, "EUR")


async def test_payment_that_is_taken_at_once_is_found_by_its_key_and_by_its_name(world: World) -> None:
    instruction = fresh(authorize(capture=True))

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, Succeeded)
    assert outcome.amount == EUR_20
    assert await world.provider.look_up(instruction) == outcome
    named = on(outcome.provider_reference, OperationKind.CAPTURE)
    assert await world.provider.look_up(named) == outcome
    metadata = (await world.intent(outcome.provider_reference))["metadata"]
    assert metadata == {"operation_key": instruction.key, "payment_id": "pay_1", "account": "acct_1"}


async def test_authorization_is_captured_in_part_and_the_rest_is_let_go(world: World) -> None:
    reference = await world.paid()
    instruction = on(reference, OperationKind.CAPTURE, amount=EUR_5)
    assert await world.provider.look_up(instruction) == Missing("the intent is not captured")

    outcome = await world.provider.perform(instruction)

    assert outcome == Succeeded(reference, EUR_5)
    assert await world.provider.look_up(instruction) == outcome
    shown = await world.intent(reference)
    assert (shown["status"], shown["amount"], shown["latest_charge"]["amount_refunded"]) == ("succeeded", 2000, 1500)


async def test_second_capture_and_one_that_is_too_large_are_refused(world: World) -> None:
    reference = await world.paid()
    too_large = await world.provider.perform(on(reference, OperationKind.CAPTURE, amount=amount_of(2001, "EUR")))
    await world.provider.perform(on(reference, OperationKind.CAPTURE))

    again = await world.provider.perform(on(reference, OperationKind.CAPTURE))

    for outcome in (too_large, again):
        assert outcome == Rejected("invalid_request_error", Decline.INVALID, "Bad request")


async def test_capture_that_is_not_the_last_is_not_sent(world: World) -> None:
    reference = await world.paid()

    outcome = await world.provider.perform(on(reference, OperationKind.CAPTURE, amount=EUR_5, final=False))

    assert outcome == NotSent("not built: an intent is captured once, and what is left of it is let go")
    assert (await world.intent(reference))["status"] == "requires_capture"


async def test_authorization_is_canceled_and_then_no_longer_captured(world: World) -> None:
    reference = await world.paid()
    instruction = on(reference, OperationKind.VOID)
    assert await world.provider.look_up(instruction) == Missing("the intent is not canceled")

    outcome = await world.provider.perform(instruction)

    assert outcome == Succeeded(reference, EUR_20)
    assert await world.provider.look_up(instruction) == outcome
    found = await world.provider.look_up(on(reference, OperationKind.CAPTURE))
    assert found == Rejected("canceled", Decline.HARD, "The payment intent was canceled.", reference)


async def test_payment_that_is_captured_is_not_canceled(world: World) -> None:
    reference = await world.paid(capture=True)
    instruction = on(reference, OperationKind.VOID)

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, Rejected)
    assert outcome.decline is Decline.INVALID
    assert isinstance(await world.provider.look_up(instruction), Rejected)


async def test_refunds_in_parts_are_each_found_by_key_and_by_name(world: World) -> None:
    reference = await world.paid(capture=True)
    refunds = [on(reference, OperationKind.REFUND, amount=amount_of(minor, "EUR")) for minor in (500, 300, 1200)]

    outcomes = [await world.provider.perform(one) for one in refunds]

    for instruction, outcome in zip(refunds, outcomes, strict=True):
        assert isinstance(outcome, Succeeded)
        assert outcome.amount == instruction.amount
        assert outcome.provider_reference.startswith("re_")
        assert await world.provider.look_up(instruction) == outcome
        named = on(reference, OperationKind.REFUND, operation_reference=outcome.provider_reference)
        assert await world.provider.look_up(named) == Unknown("the answer is about another operation")
    assert isinstance(await world.provider.look_up(on(reference, OperationKind.REFUND)), Missing)


async def test_declined_card_is_a_definite_refusal_that_a_look_up_confirms(world: World) -> None:
    instruction = fresh(authorize(payment_method="pm_card_chargeCustomerFail"))

    outcome = await world.provider.perform(instruction)

    assert outcome == Rejected("card_declined", Decline.SOFT, "Your card was declined.")
    found = await world.provider.look_up(instruction)
    assert isinstance(found, Rejected)
    assert (found.code, found.decline, (found.provider_reference or "")[:3]) == ("card_declined", Decline.SOFT, "pi_")


async def test_payment_method_that_does_not_exist_is_invalid(world: World) -> None:
    outcome = await world.provider.perform(fresh(authorize(payment_method="pm_nobody")))

    assert outcome == Rejected("invalid_request_error", Decline.INVALID, "Not Found")


@pytest.mark.parametrize(("card", "succeeds"), [("4000002500003155", True), ("4000000000003220", False)])
async def test_customer_who_must_authenticate_decides_what_the_look_up_finds(
    world: World, card: str, *, succeeds: bool
) -> None:
    provider = world.connect(action_page_url="https://shop.example/authenticate")
    instruction = fresh(authorize(payment_method=await world.card(card)))

    waiting = await provider.perform(instruction)

    assert isinstance(waiting, AcceptedPending)
    reference = waiting.provider_reference
    secret = (await world.intent(reference))["client_secret"]
    assert waiting.action_url == f"https://shop.example/authenticate#{secret}"
    assert await provider.look_up(instruction) == waiting
    await world.ask(
        "POST",
        f"/v1/payment_intents/{reference}/_authenticate",
        client_secret=secret,
        success=str(succeeds).lower(),
    )
    found = await provider.look_up(instruction)
    if succeeds:
        assert found == Succeeded(reference, EUR_20)
    else:
        assert isinstance(found, Rejected)
        assert (found.code, found.decline) == ("payment_intent_authentication_failure", Decline.HARD)


async def test_without_a_page_of_ones_own_the_customer_is_sent_nowhere(world: World) -> None:
    outcome = await world.provider.perform(fresh(authorize(payment_method=await world.card("4000002500003155"))))

    assert isinstance(outcome, AcceptedPending)
    assert outcome.action_url is None


async def test_direct_debit_is_pending_until_the_bank_refuses_it(world: World) -> None:
    instruction = fresh(authorize(payment_method=await world.debit("DE62370400440532013001"), capture=True))

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, AcceptedPending)
    reference = outcome.provider_reference
    assert await world.provider.look_up(instruction) == outcome
    async with asyncio.timeout(20):
        while (await world.intent(reference))["status"] == "processing":
            await asyncio.sleep(0.05)
    found = await world.provider.look_up(instruction)
    assert found == Rejected("card_declined", Decline.SOFT, "Your card was declined.", reference)


async def test_parameter_that_the_other_side_does_not_know_is_a_refusal_and_no_doubt(world: World) -> None:
    instruction = fresh(authorize(description="A book"))

    outcome = await world.connect(optional_fields=frozenset({"description"})).perform(instruction)

    assert outcome == Rejected("invalid_request_error", Decline.INVALID, "Unexpected description")


async def test_list_is_gone_through_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.providers.stripe.look_ups.PAGE_OBJECTS", 2)
    await world.ask("DELETE", "/_config/data")
    instructions = [fresh(authorize()) for _ in range(5)]
    outcomes = [await world.provider.perform(one) for one in instructions]

    found = [await world.provider.look_up(one) for one in instructions]

    assert found == outcomes
    assert await world.provider.look_up(fresh(authorize())) == Missing("no object of Stripe's carries this key")


async def test_credentials_are_verified_by_asking_for_the_balance(world: World) -> None:
    assert await world.provider.verify_credentials() is Verification.VALID
    assert await world.connect(secret_key="nonsense").verify_credentials() is Verification.REFUSED
    outcome = await world.connect(secret_key="nonsense").perform(fresh(authorize()))
    assert outcome == NotSent("not processed: the key was not taken")
