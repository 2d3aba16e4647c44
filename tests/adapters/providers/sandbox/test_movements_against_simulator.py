"""Captures, voids and refunds at the gateway, from the call to what a look-up finds."""

import pytest

from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    Decline,
    Instruction,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from tests.adapters.providers.sandbox.examples import authorize, later
from tests.adapters.providers.sandbox.world import World

EUR_10 = amount_of(1000, "EUR")
EUR_4 = amount_of(400, "EUR")


async def test_later_operations_and_their_look_ups_state_what_they_moved(world: World) -> None:
    charge = await world.charged()
    steps: list[tuple[Instruction, Outcome]] = [
        (
            later(OperationKind.CAPTURE, key="c", amount=EUR_4, provider_reference=charge),
            Succeeded(charge, EUR_4),
        ),
        (
            later(OperationKind.VOID, key="v", amount=amount_of(600, "EUR"), provider_reference=charge),
            Succeeded(charge, amount_of(600, "EUR")),
        ),
        (
            later(OperationKind.REFUND, key="r1", amount=amount_of(300, "EUR"), provider_reference=charge),
            Succeeded(charge, amount_of(300, "EUR")),
        ),
        (
            later(OperationKind.REFUND, key="r2", amount=amount_of(101, "EUR"), provider_reference=charge),
            Rejected("amount_exceeds_capture", Decline.INVALID, "Only 100 is left.", charge),
        ),
    ]

    for instruction, expected in steps:
        assert await world.provider.perform(instruction) == expected
        assert await world.provider.look_up(instruction) == expected

    assert await world.provider.look_up(authorize()) == Succeeded(charge, EUR_10)
    [line] = await world.charges()
    assert (line.captured_minor, line.refunded_minor) == (400, 300)
    assert (line.provider_reference, line.payment_id, line.currency) == (charge, "pay_1", "EUR")


async def test_voided_authorization_is_still_found_with_its_amount(world: World) -> None:
    charge = await world.charged()
    await world.provider.perform(later(OperationKind.VOID, provider_reference=charge))

    assert await world.provider.look_up(authorize()) == Succeeded(charge, EUR_10)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("tok_capture_cut", OperationKind.CAPTURE),
        ("tok_void_cut", OperationKind.VOID),
        ("tok_refund_cut", OperationKind.REFUND),
        ("tok_refund_timeout", OperationKind.REFUND),
    ],
)
async def test_later_operation_without_an_answer_is_unknown_and_then_found(
    world: World, source: str, kind: OperationKind
) -> None:
    charge = await world.charged(source, capture=kind is OperationKind.REFUND)
    amount = EUR_10 if kind is OperationKind.VOID else EUR_4
    instruction = later(kind, provider_reference=charge, amount=amount)

    outcome = await world.connect(deadline_seconds=0.6).perform(instruction)
    found = await world.provider.look_up(instruction)
    again = await world.provider.perform(instruction)

    assert isinstance(outcome, Unknown)
    assert found == again == Succeeded(charge, amount)
    expected = {OperationKind.CAPTURE: (400, 0), OperationKind.VOID: (0, 0), OperationKind.REFUND: (1000, 400)}
    [line] = await world.charges()
    assert (line.captured_minor, line.refunded_minor) == expected[kind]


@pytest.mark.parametrize(
    ("source", "kind"),
    [("tok_capture_declined", OperationKind.CAPTURE), ("tok_refund_declined", OperationKind.REFUND)],
)
async def test_later_operation_that_is_declined(world: World, source: str, kind: OperationKind) -> None:
    charge = await world.charged(source, capture=kind is OperationKind.REFUND)
    instruction = later(kind, provider_reference=charge)

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == (f"{kind}_declined", Decline.HARD)
    assert await world.provider.look_up(instruction) == outcome


async def test_pending_refund_ends_by_itself(world: World) -> None:
    charge = await world.charged("tok_refund_pending", capture=True)
    instruction = later(OperationKind.REFUND, provider_reference=charge, amount=EUR_4)

    assert await world.provider.perform(instruction) == AcceptedPending(charge)

    assert await world.find(instruction) == Succeeded(charge, EUR_4)
