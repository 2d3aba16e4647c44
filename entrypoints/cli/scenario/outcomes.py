"""The part of the scenario where providers succeed, decline, wait for the customer, or leave us in doubt."""

from entrypoints.cli.scenario.shop import Shop, charge_of
from entrypoints.cli.scenario.steps import Step


async def pay(shop: Shop) -> str:
    """Take money at once."""
    answer = await shop.pay("tok_success")
    payment = await shop.payment(answer.payment_id)
    return f"{answer.verdict}, money {payment['money_state']}, {shop.shown(payment['amount_captured'])} captured"


async def pay_with_a_declined_card(shop: Shop) -> str:
    """Be declined, and find that nothing is held."""
    answer = await shop.pay("tok_declined")
    payment = await shop.payment(answer.json["instance"].rpartition("/")[2])
    return f"{answer.verdict}, {payment['state']}, money {payment['money_state']}, {payment['failure_code']}"


async def pay_with_an_action_of_the_customer(shop: Shop) -> str:
    """Wait for the customer, whom the simulator's control door plays."""
    answer = await shop.pay("tok_action")
    waiting = await shop.payment(answer.payment_id)
    page = "a page to go to" if waiting["action_url"] else "no page to go to"
    await shop.at_the_provider(f"charges/{charge_of(waiting)}/complete_action", {"approve": True})
    payment = await shop.payment_once(waiting["id"], lambda found: found["state"] == "succeeded")
    return f"{answer.verdict} with {page}, then {payment['state']}, {shop.shown(payment['amount_captured'])} captured"


async def pay_while_the_provider_hangs(shop: Shop) -> str:
    """Wait in vain for a provider that took the money: the deadline answers, and the truth is found out afterwards.

    The provider's callback may be quicker than our deadline; then the truth is known when the request is answered.
    """
    answer = await shop.pay("tok_timeout")
    payment = await shop.payment_once(answer.payment_id, lambda found: found["state"] == "succeeded")
    honest = {"202 processing unknown", "201 succeeded moved"}
    first = f"{answer.verdict} {answer.json['money_state']}"
    told = "202 unknown or 201 settled" if first in honest else first
    return f"{told}, then {payment['state']}, {shop.shown(payment['amount_captured'])} captured"


async def pay_and_lose_the_answer(shop: Shop) -> str:
    """Lose the connection to a provider that takes the money a moment later: unknown, until it was asked."""
    answer = await shop.pay("tok_late")
    payment = await shop.payment_once(answer.payment_id, lambda found: found["state"] == "succeeded")
    doubted = any(entry["event"] == "payment.outcome_unknown" for entry in payment["timeline"])
    story = "after doubt" if doubted else "without doubt"
    return (
        f"{answer.verdict}, money {answer.json['money_state']}, then {payment['state']} {story}, "
        f"{shop.shown(payment['amount_captured'])} captured"
    )


STEPS = (
    Step(
        name="a payment succeeds",
        expected="201 succeeded, money moved, {price} captured",
        play=pay,
    ),
    Step(
        name="a payment is declined",
        expected="402 PROV_DECLINED_SOFT, failed, money none, insufficient_funds",
        play=pay_with_a_declined_card,
    ),
    Step(
        name="the customer must act",
        expected="202 requires_action with a page to go to, then succeeded, {price} captured",
        play=pay_with_an_action_of_the_customer,
    ),
    Step(
        name="the provider takes it and hangs",
        expected="202 unknown or 201 settled, then succeeded, {price} captured",
        play=pay_while_the_provider_hangs,
        is_slow=True,
    ),
    Step(
        name="the answer is lost, the provider is asked",
        expected="202 processing, money unknown, then succeeded after doubt, {price} captured",
        play=pay_and_lose_the_answer,
        is_slow=True,
    ),
)
