"""The part of the scenario where a provider account is changed while payments run."""

import time
from typing import Any

from entrypoints.cli.scenario.cards import CHAPTER, by_card, compare_charges
from entrypoints.cli.scenario.furnishing import CARDS_A, accounts_of, card_credentials
from entrypoints.cli.scenario.shop import Answer, Shop
from entrypoints.cli.scenario.steps import Step

_WITHIN_SECONDS = 1.0
_SLOWER_SECONDS = 3.0


async def change_an_account(shop: Shop) -> str:
    """Give an account a longer deadline: a payment of a second later is sent under the new version."""
    account = (await accounts_of(shop))[CARDS_A]
    config = account["in_force"]["config"] | {"deadline_seconds": _SLOWER_SECONDS}
    changed = await _change(shop, account, {"config": config})
    told = await _stamped(shop, changed.json["version"])
    verified = await _verified(shop, account)
    return f"{_step(account, changed)}; verified {verified}; {told}"


async def give_wrong_credentials_and_go_back(shop: Shop) -> str:
    """Give an account a key that the provider does not know, hear so, and go back to the version before."""
    account = (await accounts_of(shop))[CARDS_A]
    before = account["latest_version"]
    changed = await _change(shop, account, {"credentials": card_credentials(shop) | {"api_key": "sk_test_wrong"}})
    refused = await _verified(shop, account)
    body = {"version": before, "expected_version": changed.json["version"], "with_credentials": True}
    back = await shop.post(f"/v1/provider-accounts/{account['id']}/rollback", body)
    told = await _stamped(shop, back.json["version"])
    return (
        f"{_step(account, changed)}, verified {refused}; back: {_step(account, back)}, "
        f"verified {await _verified(shop, account)}; {told}"
    )


async def _change(shop: Shop, account: Any, change: dict[str, object]) -> Answer:  # noqa: ANN401 -- see `Answer.json`
    path = f"/v1/provider-accounts/{account['id']}"
    return await shop.patch(path, change | {"expected_version": account["latest_version"]})


async def _verified(shop: Shop, account: Any) -> str:  # noqa: ANN401 -- see `Answer.json`
    """Ask the provider whether it takes the credentials that are in force now."""
    return str((await shop.post(f"/v1/provider-accounts/{account['id']}/verify", {})).json["verification"])


async def _stamped(shop: Shop, version: int) -> str:
    """Pay until a payment is sent under that version: one that begins a second from now must be."""
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        answer = await by_card(shop, "tok_success")
        attempt = (await shop.payment(answer.payment_id))["attempts"][-1]
        is_new = attempt["operations"][0]["config_version"] == version
        if is_new or asked - began > _WITHIN_SECONDS:
            break
    when = "within a second" if is_new else "not within a second"
    return f"a payment {answer.verdict} under it {when}"


def _step(account: Any, answer: Answer) -> str:  # noqa: ANN401 -- see `Answer.json`
    """Say how many versions on an account is."""
    if "version" not in answer.json:
        return answer.verdict
    return f"{answer.status}, {answer.json['version'] - account['latest_version']} version on"


STEPS = (
    Step(
        name="an account is changed while it is used",
        expected="200, 1 version on; verified valid; a payment 201 succeeded under it within a second",
        play=change_an_account,
        is_slow=True,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
    Step(
        name="wrong credentials are taken back",
        expected="200, 1 version on, verified refused; back: 200, 2 version on, verified valid; "
        "a payment 201 succeeded under it within a second",
        play=give_wrong_credentials_and_go_back,
        is_slow=True,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
    Step(
        name="nobody was charged twice",
        expected="0 payments charged twice, 0 charged or paid on one side only; as much is charged as is booked",
        play=compare_charges,
        chapter=CHAPTER,
        currencies=("EUR",),
    ),
)
