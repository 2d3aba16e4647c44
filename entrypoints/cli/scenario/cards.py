"""The part of the scenario where one of two providers goes down, and no money is taken twice."""

import asyncio
import time
from collections import Counter
from typing import Any

from entrypoints.cli.scenario.furnishing import BY_CARD, CARDS_A, CARDS_B, ENTRANCES, accounts_of
from entrypoints.cli.scenario.shop import SETTLE_SECONDS, Shop
from entrypoints.cli.scenario.steps import Step

CHAPTER = "two card accounts"
REFERENCE = "by one of two accounts"

_PAYMENTS_MAX = 60
_POLL_SECONDS = 0.25


async def pay_while_the_first_is_down(shop: Shop) -> str:
    """Pay while the first account refuses every connection, until its circuit is open and no payment is tried there."""
    names = await names_of(shop)
    await shop.at_the_provider(f"entrances/{ENTRANCES[CARDS_A]}", {"is_open": False})
    answers = [await by_card(shop, "tok_success")]
    payments = [await shop.payment(answers[0].payment_id)]
    while len(payments[-1]["attempts"]) > 1 and len(answers) < _PAYMENTS_MAX:
        answers.append(await by_card(shop, "tok_success"))
        payments.append(await shop.payment(answers[-1].payment_id))
    verdicts = ", ".join(sorted({answer.verdict for answer in answers}))
    where = ", ".join(sorted({names[one["attempts"][-1]["provider_account_id"]] for one in payments}))
    route = await shop.read(f"/v1/payments/{payments[-1]['id']}/route")
    return (
        f"{verdicts} each time at {where}; first: {_way(payments[0], names)}; "
        f"once its circuit is open: {_way(payments[-1], names)}, as {_ranks(route, names)}"
    )


async def return_to_the_first(shop: Shop) -> str:
    """Let the first account come back: once its circuit has closed, it is paid there again."""
    names = await names_of(shop)
    await shop.at_the_provider(f"entrances/{ENTRANCES[CARDS_A]}", {"is_open": True})
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        answer = await by_card(shop, "tok_success")
        payment = await shop.payment(answer.payment_id)
        if _way(payment, names).startswith(CARDS_A) or time.monotonic() > deadline:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return f"{answer.verdict}, {_way(payment, names)}, circuit {await _circuit_once_closed(shop, CARDS_A)}"


async def pay_and_be_cut(shop: Shop) -> str:
    """Lose the answer of the first account, which took the money: in doubt nothing goes to the second.

    The provider's callback may be quicker than our commit; then the truth is known when the request is answered.
    """
    names = await names_of(shop)
    answer = await by_card(shop, "tok_cut")
    payment = await shop.payment_once(answer.payment_id, lambda found: found["state"] == "succeeded")
    honest = {"202 processing unknown", "201 succeeded moved"}
    first = f"{answer.verdict} {answer.json['money_state']}"
    told = "202 unknown or 201 settled" if first in honest else first
    return f"{told}; then {payment['state']}, {_way(payment, names)}, {shop.shown(payment['amount_captured'])} captured"


async def compare_charges(shop: Shop) -> str:
    """Compare the provider's own books of both accounts with the payments, and with the ledger."""
    accounts = await accounts_of(shop)
    ids = [accounts[name]["id"] for name in (CARDS_A, CARDS_B)]
    charges = [one for account in ids for one in await shop.charges_at_the_provider(account) if one["captured"]]
    payments = await shop.list_all(f"/v1/payments?reference={REFERENCE.replace(' ', '%20')}&limit=100")
    times = Counter(one["payment"] for one in charges)
    paid = {one["id"] for one in payments if one["amount_captured"]}
    balances = await shop.list_all("/v1/ledger/balances?limit=100")
    clearing = {f"provider:{account}:clearing" for account in ids}
    booked = sum(int(one["posted"]) for one in balances if one["account"] in clearing)
    charged = sum(one["captured"] for one in charges)
    alike = "as much is charged as is booked" if charged == booked else f"{charged} charged, {booked} booked"
    return (
        f"{sum(count > 1 for count in times.values())} payments charged twice, "
        f"{len(paid ^ set(times))} charged or paid on one side only; {alike}"
    )


async def by_card(shop: Shop, token: str) -> Any:  # noqa: ANN401 -- an `Answer`
    """Pay by the rule for cards: at the first account, or where that cannot be, at the second."""
    return await shop.pay(token, method=BY_CARD, reference=REFERENCE)


async def _circuit_once_closed(shop: Shop, name: str) -> str:
    """Say how the circuit of new money at an account stands: closed, as soon as everybody has heard."""
    account = (await accounts_of(shop))[name]["id"]

    def state_in(health: Any) -> str:  # noqa: ANN401 -- see `Answer.json`
        return next(str(one["state"]) for one in health["circuits"] if one["operation_class"] == "money")

    path = f"/v1/provider-accounts/{account}/health"
    return state_in(await shop.read_once(path, lambda health: state_in(health) == "closed"))


async def names_of(shop: Shop) -> dict[str, str]:
    """Read what each account is called, by its id."""
    return {one["id"]: name for name, one in (await accounts_of(shop)).items()}


def _way(payment: Any, names: dict[str, str]) -> str:  # noqa: ANN401 -- see `Answer.json`
    """Say where a payment was tried, and how each attempt ended."""
    return ", then ".join(f"{names[one['provider_account_id']]} {one['state']}" for one in payment["attempts"])


def _ranks(route: Any, names: dict[str, str]) -> str:  # noqa: ANN401 -- see `Answer.json`
    """Say how a route ranked its candidates."""
    ranked = sorted((one for one in route["candidates"] if one["rank"]), key=lambda one: one["rank"])
    return ", ".join(
        f"{one['rank']}. {names[one['provider_account_id']]} {'healthy' if one['is_healthy'] else 'unhealthy'}"
        for one in ranked
    )


STEPS = (
    Step(
        name="the first of two providers is down",
        expected="201 succeeded each time at Cards B; first: Cards A not_sent, then Cards B succeeded; once its "
        "circuit is open: Cards B succeeded, as 1. Cards B healthy, 2. Cards A unhealthy",
        play=pay_while_the_first_is_down,
        is_slow=True,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
    Step(
        name="the first provider is back",
        expected="201 succeeded, Cards A succeeded, circuit closed",
        play=return_to_the_first,
        is_slow=True,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
    Step(
        name="the first takes it, the answer is cut",
        expected="202 unknown or 201 settled; then succeeded, Cards A succeeded, {price} captured",
        play=pay_and_be_cut,
        is_slow=True,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
)
