"""The part of the scenario where money goes out: it arrives, waits for a second person, or comes back."""

from collections.abc import Callable
from typing import Any

from entrypoints.cli.scenario.shop import Answer, Shop
from entrypoints.cli.scenario.steps import Step

PAYABLE = "merchant:main:payable"


async def pay_out(shop: Shop) -> str:
    """Pay somebody out: the money is held, in transit, and gone when it has arrived."""
    answer = await ordered(shop, "Anna Example")
    payout = await payout_once(shop, answer, lambda found: found["state"] == "completed")
    return f"{answer.verdict}, then {payout['state']}, {_booked(payout)}"


async def approve_a_payout(shop: Shop) -> str:
    """Pay out what a second person must approve: nothing is sent before."""
    answer = await ordered(shop, "Anna Example", requires_approval=True)
    waiting = await shop.read(f"/v1/payouts/{answer.json['id']}")
    sends = sum(one["sends"] for one in waiting["operations"])
    approved = await shop.post(f"/v1/payouts/{answer.json['id']}/approve", {})
    payout = await payout_once(shop, answer, lambda found: found["state"] == "completed")
    known = "by a known person" if payout["decided_by"] else "by nobody"
    return f"{answer.verdict}, sent {sends} times; {approved.status} approved {known}, then {payout['state']}"


async def deny_a_payout(shop: Shop) -> str:
    """Deny a payout: nothing was sent, and what was held is free again."""
    answer = await ordered(shop, "Anna Example", requires_approval=True)
    denied = await shop.post(f"/v1/payouts/{answer.json['id']}/deny", {})
    payout = await shop.read(f"/v1/payouts/{answer.json['id']}")
    again = await shop.post(f"/v1/payouts/{answer.json['id']}/approve", {})
    return f"{answer.verdict}; {denied.verdict}, {_booked(payout)}; approved afterwards: {again.verdict}"


async def pay_out_in_vain(shop: Shop) -> str:
    """Pay out to an account that is closed: it comes back by a transaction of its own, and nothing is undone.

    On a slow machine we may only ask when it has come back already: then its arrival is never booked.
    """
    answer = await ordered(shop, "Anna Returned")
    payout = await payout_once(shop, answer, lambda found: found["state"] == "returned")
    back = [one for one in payout["entries"] if one["account"] == PAYABLE and one["direction"] == "credit"]
    kinds = ", ".join(one["kind"] for one in back)
    amount = shop.shown(sum(int(one["amount"]) for one in back))
    return f"{answer.verdict}, then {payout['state']}, {amount} back by {kinds or 'nothing'}"


async def ordered(shop: Shop, name: str, **more: object) -> Answer:
    """Take money in, so that there is some, and order a part of it to be paid out. Raises ValueError where refused."""
    await shop.paid()
    iban = {"type": "iban", "name": name, "currency": shop.currency, "iban": "DE89370400440532013000"}
    beneficiary = await shop.post("/v1/beneficiaries", iban)
    if "id" not in beneficiary.json:
        raise ValueError(f"a beneficiary was to be added, but the API answered {beneficiary.verdict}")
    body = {"amount": shop.part, "currency": shop.currency, "beneficiary_id": beneficiary.json["id"], **more}
    answer = await shop.post("/v1/payouts", body)
    if "id" not in answer.json:
        raise ValueError(f"a payout was to be made, but the API answered {answer.verdict}")
    return answer


async def payout_once(shop: Shop, answer: Answer, happened: Callable[[Any], bool]) -> Any:  # noqa: ANN401 -- see `Answer.json`
    """Read a payout until that happened to it, or until there was time enough for it."""
    return await shop.read_once(f"/v1/payouts/{answer.json['id']}", happened)


def _booked(payout: Any) -> str:  # noqa: ANN401 -- see `Answer.json`
    """Say by how many postings it went through the books."""
    count = len({one["transaction_id"] for one in payout["entries"]})
    return f"{count} postings"


STEPS = (
    Step(
        name="a payout arrives",
        expected="201 created, then completed, 2 postings",
        play=pay_out,
        is_slow=True,
    ),
    Step(
        name="a payout is approved",
        expected="201 requires_approval, sent 0 times; 200 approved by a known person, then completed",
        play=approve_a_payout,
        is_slow=True,
    ),
    Step(
        name="a payout is denied",
        expected="201 requires_approval; 200 denied, 0 postings; approved afterwards: 409 STATE_CONFLICT",
        play=deny_a_payout,
    ),
    Step(
        name="a payout comes back",
        expected="201 created, then returned, {part} back by payout_returned",
        play=pay_out_in_vain,
        is_slow=True,
    ),
)
