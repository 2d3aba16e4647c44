"""The part of the scenario where callbacks come twice, in the wrong order, or from a forger."""

from collections import Counter
from typing import Any

from entrypoints.cli.scenario.shop import Shop, charge_of
from entrypoints.cli.scenario.steps import Step

FLAWS = ("foreign_key", "unsigned", "stale", "altered")
"""A signature of another secret, none, one of an hour ago, and one over another amount."""

_REPETITIONS = 3


async def repeat_callbacks(shop: Shop) -> str:
    """Have the provider send every callback of a payment three times more."""
    payment = await _refunded_payment(shop)
    return await _after(shop, payment, {"order": "same", "times": _REPETITIONS})


async def reverse_callbacks(shop: Shop) -> str:
    """Have the provider tell of the refund before it tells of the capture."""
    payment = await _refunded_payment(shop)
    return await _after(shop, payment, {"order": "reversed"})


async def forge_callbacks(shop: Shop) -> str:
    """Have somebody else send callbacks that say what did not happen."""
    payment_id = await shop.paid(capture_mode="manual")
    charge = charge_of(await shop.payment(payment_id))
    answers = [await shop.at_the_provider("callbacks/forge", {"charge": charge, "flaw": flaw}) for flaw in FLAWS]
    payment = await shop.payment(payment_id)
    statuses = ", ".join(f"{flaw} {answer['status']}" for flaw, answer in zip(FLAWS, answers, strict=True))
    return f"{statuses}; {payment['state']}, {shop.shown(payment['amount_captured'])} captured"


async def _refunded_payment(shop: Shop) -> Any:  # noqa: ANN401 -- see `Answer.json`
    payment_id = await shop.paid()
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": shop.part})
    return await shop.payment(payment_id)


async def _after(shop: Shop, before: Any, repetition: dict[str, object]) -> str:  # noqa: ANN401 -- see `Answer.json`
    sent = await shop.at_the_provider(f"charges/{charge_of(before)}/callbacks", repetition)
    statuses = ", ".join(f"{count} times {status}" for status, count in Counter(sent["statuses"]).items())
    after = await shop.payment(before["id"])
    booked = "nothing more is booked" if after["entries"] == before["entries"] else "more is booked"
    return (
        f"{statuses}; {shop.shown(after['amount_refunded'])} of {shop.shown(after['amount_captured'])} back, {booked}"
    )


STEPS = (
    Step(
        name="callbacks come three times more",
        expected="6 times 204; {part} of {price} back, nothing more is booked",
        play=repeat_callbacks,
    ),
    Step(
        name="callbacks come in reverse order",
        expected="2 times 204; {part} of {price} back, nothing more is booked",
        play=reverse_callbacks,
    ),
    Step(
        name="callbacks are forged",
        expected="foreign_key 401, unsigned 401, stale 401, altered 401; authorized, {nothing} captured",
        play=forge_callbacks,
    ),
)
