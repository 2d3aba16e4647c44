"""The door to balances at a time."""

from typing import Any

import pytest

from tests.entrypoints.http.shop import Shop

NOBODY = "acc_" + "0" * 32


async def path_of(shop: Shop, end: str = "payable") -> str:
    """Give the path of the balance of an account."""
    found = await shop.all("/v1/ledger/accounts")
    return f"/v1/ledger/accounts/{next(one['id'] for one in found if one['code'].endswith(end))}/balance"


@pytest.fixture
async def times(shop: Shop) -> list[str]:
    """The times at which 1000 came in and 300 went back."""
    payment = await shop.paid(amount=1000)
    await shop.post(f"/v1/payments/{payment['id']}/refunds", {"amount": 300})
    return sorted({one["recorded_at"] for one in await shop.all("/v1/ledger/entries")})


async def told(shop: Shop, **query: object) -> dict[str, Any]:
    answer = await shop.get(await path_of(shop), **query)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()
    return found


async def test_the_balance_of_now_tells_what_is_posted_pending_and_available(shop: Shop, times: list[str]) -> None:
    await shop.paid("tok_cut", amount=50)

    balance = await told(shop)

    assert (balance["posted"], balance["pending"], balance["available"]) == (700, 750, 700)
    assert (balance["account"], balance["currency"], balance["normal_balance"], balance["by"]) == (
        "merchant:main:payable",
        "EUR",
        "credit",
        "recorded",
    )
    (listed,) = [one for one in await shop.all("/v1/ledger/balances") if one["account"].endswith("payable")]
    same = ("posted", "pending", "available", "version", "account_id", "account", "currency", "normal_balance")
    assert {name: balance[name] for name in same} == {name: listed[name] for name in same}


@pytest.mark.parametrize("by", ["recorded", "effective"])
async def test_a_balance_at_a_time_has_every_entry_until_that_moment(shop: Shop, times: list[str], by: str) -> None:
    before = times[0].replace("2", "1", 1)
    told_at = [await told(shop, as_of=at, by=by) for at in (before, *times)]

    assert [one["posted"] for one in told_at] == [0, 1000, 700]
    assert [(one["pending"], one["available"]) for one in told_at] == [(None, None)] * 3
    assert [one["as_of"] for one in told_at] == [before, *times]


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (f"/v1/ledger/accounts/{NOBODY}/balance", {}, 404, "NOT_FOUND"),
        ("/v1/ledger/accounts/x/balance", {}, 404, "NOT_FOUND"),
        (f"/v1/ledger/accounts/{NOBODY}/balance", {"as_of": "2026-11-23"}, 422, "VAL_FIELD"),
        (f"/v1/ledger/accounts/{NOBODY}/balance", {"as_of": "2026-11-23T12:00:00"}, 422, "VAL_FIELD"),
        (f"/v1/ledger/accounts/{NOBODY}/balance", {"by": "feeling"}, 422, "VAL_FIELD"),
    ],
)
async def test_what_cannot_be_told_is_refused(
    shop: Shop, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = await shop.get(path, **query)

    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_the_accounts_of_another_tenant_do_not_exist(shop: Shop, visitor: Shop, times: list[str]) -> None:
    assert (await visitor.get(await path_of(shop))).status == 404
