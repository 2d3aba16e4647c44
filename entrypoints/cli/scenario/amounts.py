"""The part of the scenario where less than all is taken, and what was taken is given back."""

from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Step


async def capture_a_part(shop: Shop) -> str:
    """Reserve the price, take a part of it, and let the rest go; more than is left cannot be taken."""
    reserved = await shop.pay("tok_success", capture_mode="manual")
    path = f"/v1/payments/{reserved.payment_id}/capture"
    beyond = await shop.post(path, {"amount": shop.price + 1})
    captured = await shop.post(path, {"amount": shop.part, "final": True})
    left = captured.json["amount_capturable"]
    return (
        f"{reserved.verdict}; {beyond.verdict}; "
        f"{captured.verdict}, {shop.shown(captured.json['amount_captured'])} captured, {shop.shown(left)} left"
    )


async def refund_twice(shop: Shop) -> str:
    """Give back a part, then the rest, and find that no more can be given."""
    payment_id = await shop.paid()
    path = f"/v1/payments/{payment_id}/refunds"
    first = await shop.post(path, {"amount": shop.part, "reason": "one of two"})
    second = await shop.post(path, {"amount": shop.price - shop.part, "reason": "two of two"})
    beyond = await shop.post(path, {"amount": 1})
    payment = await shop.payment(payment_id)
    return (
        f"{first.verdict}; {second.verdict}; {beyond.verdict}; "
        f"{shop.shown(payment['amount_refunded'])} refunded in {len(payment['refunds'])}"
    )


STEPS = (
    Step(
        name="a part is captured",
        expected="201 authorized; 422 CAPTURE_EXCEEDS_AUTHORIZATION; 200 succeeded, {part} captured, {nothing} left",
        play=capture_a_part,
    ),
    Step(
        name="refunds up to the limit, not beyond",
        expected="201 succeeded; 201 succeeded; 422 REFUND_EXCEEDS_CAPTURE; {price} refunded in 2",
        play=refund_twice,
    ),
)
