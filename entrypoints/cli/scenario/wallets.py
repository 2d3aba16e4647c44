"""The part of the scenario where customers in Nepal pay by their wallets, in their browsers."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from entrypoints.cli.scenario.shop import Page, Shop
from entrypoints.cli.scenario.steps import Step

SHOP_PAGE = "http://shop.example/thanks"

_ID = re.compile(r"name=id value='([^']+)'")


async def pay_with_khalti(shop: Shop) -> str:
    """Send the customer to Khalti's page, and learn from a look-up what became of it: the way back is unsigned."""
    return await _pay(shop, "khalti")


async def pay_with_esewa(shop: Shop) -> str:
    """Let the customer's browser post eSewa's signed form, and pay there."""
    return await _pay(shop, "esewa")


async def _pay(shop: Shop, provider: str) -> str:
    answer = await shop.pay("wallet", provider=provider, return_url=SHOP_PAGE)
    action = (await shop.payment(answer.payment_id))["next_action"]
    sent_back = await _paid_at_the_wallet(shop, action)
    returned = await shop.browse(sent_back.location)
    payment = await shop.payment_once(answer.payment_id, lambda found: found["state"] == "succeeded")
    home = urlsplit(returned.location)
    to = "the shop" if f"{home.scheme}://{home.netloc}{home.path}" == SHOP_PAGE else returned.location
    knows = "which payment" if answer.payment_id in home.query else "nothing"
    return (
        f"{answer.verdict} by {action['type']}; back to us {sent_back.status}, on to {to} {returned.status}, "
        f"which is told {knows}; then {payment['state']}, {shop.shown(payment['amount_captured'])} captured"
    )


async def _paid_at_the_wallet(shop: Shop, action: Any) -> Page:  # noqa: ANN401 -- see `Answer.json`
    """Go to the wallet's page as the action says, and press its button. Raises ValueError where there is none."""
    page = await shop.browse(action["url"], action["fields"] or None)
    found = _ID.search(page.text)
    if found is None:
        raise ValueError(f"the wallet's page has no button, but {page.status}")
    return await shop.browse(urljoin(page.url, "pay"), {"id": found[1], "answer": "pay"})


STEPS = (
    Step(
        name="a customer pays with Khalti",
        expected="202 requires_action by redirect; back to us 302, on to the shop 303, which is told which payment; "
        "then succeeded, {price} captured",
        play=pay_with_khalti,
        currencies=("NPR",),
    ),
    Step(
        name="a customer pays with eSewa",
        expected="202 requires_action by form_post; back to us 302, on to the shop 303, which is told which payment; "
        "then succeeded, {price} captured",
        play=pay_with_esewa,
        currencies=("NPR",),
    ),
)
