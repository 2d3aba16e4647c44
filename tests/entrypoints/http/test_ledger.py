"""The door to the ledger: accounts, balances and entries of one tenant, exact and in order."""

from typing import Any

import pytest

from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop

ACCOUNTS, BALANCES, ENTRIES = "/v1/ledger/accounts", "/v1/ledger/balances", "/v1/ledger/entries"
AMOUNTS = ("posted", "pending", "available", "at_risk")


async def balances(shop: Shop, currency: str = "EUR") -> dict[str, tuple[int, ...]]:
    """Give posted, pending, available and at risk, by the last word of the account's code."""
    found = await shop.all(BALANCES, currency=currency)
    return {one["account"].rpartition(":")[2]: tuple(one[name] for name in AMOUNTS) for one in found}


async def test_the_books_of_a_new_tenant_are_empty(shop: Shop) -> None:
    for path in (ACCOUNTS, BALANCES, ENTRIES):
        assert (await shop.get(path)).json() == {"data": [], "next_cursor": None}


async def test_the_first_payment_of_a_currency_opens_its_two_accounts(shop: Shop) -> None:
    await shop.paid(currency="JPY")
    await shop.paid(currency="JPY")
    await shop.paid(currency="KWD")

    accounts = await shop.all(ACCOUNTS, limit=1)

    assert sorted((one["code"], one["currency"], one["normal_balance"]) for one in accounts) == sorted(
        [
            (f"provider:{shop.account}:clearing", "JPY", "debit"),
            ("merchant:main:payable", "JPY", "credit"),
            (f"provider:{shop.account}:clearing", "KWD", "debit"),
            ("merchant:main:payable", "KWD", "credit"),
        ]
    )
    assert [one["currency"] for one in accounts] == ["JPY", "JPY", "KWD", "KWD"]
    assert all(one["id"].startswith("acc_") for one in accounts)


async def test_balances_follow_the_money_at_every_step(shop: Shop) -> None:
    payment_id = (await shop.paid(amount=1000, capture_mode="manual"))["id"]
    assert await balances(shop) == {"clearing": (0, 1000, 0, 0), "payable": (0, 1000, 0, 0)}

    await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 600})
    assert await balances(shop) == {"clearing": (600, 1000, 600, 0), "payable": (600, 1000, 600, 0)}

    await shop.post(f"/v1/payments/{payment_id}/cancel")
    assert await balances(shop) == {"clearing": (600, 600, 600, 0), "payable": (600, 600, 600, 0)}

    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 250})
    assert await balances(shop) == {"clearing": (350, 350, 350, 0), "payable": (350, 350, 350, 0)}


async def test_what_is_in_doubt_is_shown_at_risk_until_it_is_known(shop: Shop, service: Service) -> None:
    payment = await shop.payment((await shop.paid("tok_cut", amount=700))["id"])
    assert await balances(shop) == {"clearing": (0, 700, 0, 700), "payable": (0, 700, 0, 700)}

    await service.resolve(shop.tenant_id, payment["attempts"][0]["operations"][0]["id"])

    assert await balances(shop) == {"clearing": (700, 700, 700, 0), "payable": (700, 700, 700, 0)}


async def test_a_refund_that_is_under_way_is_no_longer_available(shop: Shop) -> None:
    payment_id = (await shop.paid("tok_refund_pending", amount=1000))["id"]

    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 300})

    assert await balances(shop) == {"clearing": (1000, 700, 700, 0), "payable": (1000, 700, 700, 0)}


async def test_a_declined_payment_leaves_no_trace_in_the_balances(shop: Shop) -> None:
    await shop.pay("tok_declined")

    assert await balances(shop) == {"clearing": (0, 0, 0, 0), "payable": (0, 0, 0, 0)}
    assert await shop.all(ENTRIES) == []


@pytest.fixture
async def booked(shop: Shop) -> dict[str, Any]:
    euro = await shop.paid(amount=10)
    await shop.post(f"/v1/payments/{euro['id']}/refunds", {"amount": 3})
    return {"EUR": euro, "JPY": await shop.paid(amount=20, currency="JPY")}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_a_walk_through_the_entries_gives_each_once_newest_first(
    shop: Shop, booked: dict[str, Any], limit: int
) -> None:
    entries = await shop.all(ENTRIES, limit=limit)

    shown = [(one["kind"], one["currency"], one["direction"], one["amount"]) for one in entries]
    assert shown == [
        ("capture", "JPY", "credit", 20),
        ("capture", "JPY", "debit", 20),
        ("refund", "EUR", "credit", 3),
        ("refund", "EUR", "debit", 3),
        ("capture", "EUR", "credit", 10),
        ("capture", "EUR", "debit", 10),
    ]
    told = [entry for one in booked.values() for entry in (await shop.payment(one["id"]))["entries"]]
    assert sorted(entries, key=lambda one: str(one["id"])) == sorted(told, key=lambda one: str(one["id"]))


async def test_entries_are_found_by_account_payment_and_time(shop: Shop, booked: dict[str, Any]) -> None:
    accounts = {(one["code"].rpartition(":")[2], one["currency"]): one["id"] for one in await shop.all(ACCOUNTS)}
    newest = (await shop.all(ENTRIES))[0]

    async def amounts(**query: object) -> list[int]:
        return [one["amount"] for one in await shop.all(ENTRIES, limit=1, **query)]

    assert await amounts(account_id=accounts["payable", "EUR"]) == [3, 10]
    assert await amounts(payment_id=booked["JPY"]["id"]) == [20, 20]
    assert await amounts(recorded_from=newest["recorded_at"]) == [20, 20]
    assert await amounts(recorded_before=newest["recorded_at"]) == [3, 3, 10, 10]
    assert await amounts(account_id="acc_" + "0" * 32) == []


@pytest.mark.parametrize("path", [ACCOUNTS, BALANCES])
async def test_accounts_are_found_by_currency_and_code(shop: Shop, booked: dict[str, Any], path: str) -> None:
    async def currencies(**query: object) -> list[str]:
        return [one["currency"] for one in await shop.all(path, limit=1, **query)]

    assert await currencies(currency="JPY") == ["JPY", "JPY"]
    assert sorted(await currencies(code="merchant:main:payable")) == ["EUR", "JPY"]
    assert await currencies(code="merchant:main:payable", currency="EUR") == ["EUR"]
    assert await currencies(code="merchant:main:%") == []
    assert await currencies(code="' or 1=1 --") == []
    assert await currencies(currency="USD") == []


@pytest.mark.parametrize("path", [ACCOUNTS, BALANCES])
@pytest.mark.parametrize("limit", [1, 3, 4])
async def test_a_walk_through_the_accounts_gives_each_once(
    shop: Shop, booked: dict[str, Any], path: str, limit: int
) -> None:
    assert len(await shop.all(path, limit=limit)) == 4


BAD_QUERIES = [
    *[
        (path, f"limit={limit}", "VAL_FIELD")
        for path in (ACCOUNTS, BALANCES, ENTRIES)
        for limit in (0, 101, "x", "1.0")
    ],
    *[(path, "currency=eur", "VAL_FIELD") for path in (ACCOUNTS, BALANCES)],
    *[(path, f"cursor={'x' * 65}", "VAL_FIELD") for path in (ACCOUNTS, BALANCES, ENTRIES)],
    *[(path, "cursor=x", "VAL_CURSOR") for path in (ACCOUNTS, BALANCES, ENTRIES)],
    *[(path, f"cursor=pay_{'0' * 32}", "VAL_CURSOR") for path in (ACCOUNTS, BALANCES, ENTRIES)],
    *[(path, "code=", "VAL_FIELD") for path in (ACCOUNTS, BALANCES)],
    *[(path, f"code={'x' * 201}", "VAL_FIELD") for path in (ACCOUNTS, BALANCES)],
    *[
        (ENTRIES, f"cursor=ltx_{'0' * 32}{end}", "VAL_CURSOR")
        for end in ("", "_", "_x", "_-1", "_1_", "_12345", "_1.0")
    ],
    *[(ENTRIES, f"cursor=ltx_{'0' * 32}_%D9%A3", "VAL_CURSOR"), (ENTRIES, f"cursor=acc_{'0' * 32}_1", "VAL_CURSOR")],
    *[(ENTRIES, f"account_id={value}", "VAL_FIELD") for value in ("x", "", "pay_" + "0" * 32, "acc_1", "x" * 65)],
    *[(ENTRIES, f"payment_id={value}", "VAL_FIELD") for value in ("x", "", "acc_" + "0" * 32, "PAY_" + "0" * 32)],
    *[
        (ENTRIES, f"recorded_from={value}", "VAL_FIELD")
        for value in ("2026-11-23T12:00:00", "x", "", "1", "2026-02-30")
    ],
    *[(ENTRIES, f"recorded_before={value}", "VAL_FIELD") for value in ("2026-11-23", "0000-01-01T00:00:00Z")],
]


@pytest.mark.parametrize(("path", "query", "code"), BAD_QUERIES)
async def test_a_query_that_means_nothing_is_refused_and_pointed_at(
    visitor: Shop, path: str, query: str, code: str
) -> None:
    answer = await visitor.get(f"{path}?{query}")

    assert (answer.status, answer.code) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"query/{query.partition('=')[0]}"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
@pytest.mark.parametrize("name", ["recorded_from", "recorded_before"])
async def test_every_moment_that_there_is_can_be_asked_for(shop: Shop, name: str, moment: str) -> None:
    await shop.paid()

    answer = await shop.get(ENTRIES, **{name: moment})

    assert answer.status == 200
    assert len(answer.json()["data"]) == (2 if (name == "recorded_from") == (moment[0] == "0") else 0)


@pytest.mark.parametrize("line", ["0", "1", "0001", "9999"])
async def test_a_cursor_need_not_be_an_entry_that_exists(shop: Shop, line: str) -> None:
    await shop.paid()

    assert len(await shop.all(ENTRIES, cursor=f"ltx_{'f' * 32}_{line}")) == 2


async def test_an_entry_says_how_its_account_stands_after_it(shop: Shop, booked: dict[str, Any]) -> None:
    payable = next(one for one in await shop.all(BALANCES, currency="EUR") if one["account"].endswith("payable"))

    entries = await shop.all(ENTRIES, account_id=payable["account_id"])

    assert [(one["amount"], one["balance"], one["reference"]) for one in entries] == [(3, 7, None), (10, 10, None)]
    assert entries[0]["account_version"] > entries[1]["account_version"]
    assert entries[0]["balance"] == payable["posted"]


async def test_a_cursor_of_another_account_is_refused(shop: Shop, booked: dict[str, Any]) -> None:
    first, second = (await shop.all(ENTRIES))[:2]

    answer = await shop.get(ENTRIES, account_id=first["account_id"], cursor=second["id"])

    assert (answer.status, answer.json()["code"]) == (422, "VAL_CURSOR")
