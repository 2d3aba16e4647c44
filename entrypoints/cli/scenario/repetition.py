"""The part of the scenario where requests come more than once."""

import asyncio
from collections import Counter
from uuid import uuid4

from entrypoints.cli.scenario.shop import Answer, Shop
from entrypoints.cli.scenario.steps import Step

AT_ONCE = 50
_MARK = "idempotency-replayed"


async def repeat_a_request(shop: Shop) -> str:
    """Send a request again: the first answer comes again, byte for byte, and says so."""
    key = str(uuid4())
    first = await shop.pay("tok_success", key=key)
    again = await shop.pay("tok_success", key=key)
    same = "the same bytes" if (again.status, again.body) == (first.status, first.body) else "other bytes"
    return f"{first.verdict}; again {again.status}, {same}, {_marked(first)} then {_marked(again)}"


async def reuse_a_key(shop: Shop) -> str:
    """Use a key for another request: it is refused, and no second payment is made."""
    key, reference = str(uuid4()), f"reused-{uuid4()}"
    first = await shop.pay("tok_success", key=key, reference=reference)
    other = await shop.pay("tok_success", key=key, reference=reference, description="something else")
    made = await shop.list_all(f"/v1/payments?reference={reference}")
    return f"{first.verdict}; {other.verdict}; {len(made)} payment"


async def send_at_once(shop: Shop) -> str:
    """Send one request fifty times at once, as careful clients do: all get the one answer, one payment is made."""
    key, reference = str(uuid4()), f"at-once-{uuid4()}"
    body = {"amount": shop.price, "currency": shop.currency, "payment_method": "tok_success", "reference": reference}
    answers = await asyncio.gather(*(shop.post_until_answered("/v1/payments", body, key=key) for _ in range(AT_ONCE)))
    made = await shop.list_all(f"/v1/payments?reference={reference}")
    statuses = ", ".join(f"{count} times {status}" for status, count in Counter(one.status for one in answers).items())
    bodies = {answer.body for answer in answers}
    marked = sum(_MARK in answer.headers for answer in answers)
    return f"{statuses}, {marked} of them marked, {len(bodies)} answer; {len(made)} payment"


def _marked(answer: Answer) -> str:
    return "marked" if answer.headers.get(_MARK) == "true" else "unmarked"


STEPS = (
    Step(
        name="the same request again",
        expected="201 succeeded; again 201, the same bytes, unmarked then marked",
        play=repeat_a_request,
    ),
    Step(
        name="the same key, another body",
        expected="201 succeeded; 422 IDEM_MISMATCH; 1 payment",
        play=reuse_a_key,
    ),
    Step(
        name="50 requests at once with one key",
        expected=f"{AT_ONCE} times 201, {AT_ONCE - 1} of them marked, 1 answer; 1 payment",
        play=send_at_once,
        is_slow=True,
    ),
)
