"""The door to accounts: opened once, changed under their lock, closed only when nothing is on them."""

from typing import Any

import asyncpg
import pytest

from tests.entrypoints.http.shop import Shop, new_key

ACCOUNTS = "/v1/ledger/accounts"


def an_account(code: str = "customer:42:payable", **changes: Any) -> dict[str, Any]:
    return {"code": code, "currency": "EUR", "normal_balance": "credit", **changes}


async def test_an_account_is_told_as_it_was_opened_and_can_be_read_and_listed(shop: Shop) -> None:
    answer = await shop.post(ACCOUNTS, an_account(metadata={"customer": "42"}))
    made = answer.json()

    assert answer.status == 201
    assert answer.headers["location"] == f"{ACCOUNTS}/{made['id']}"
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "code": "customer:42:payable",
        "currency": "EUR",
        "normal_balance": "credit",
        "state": "active",
        "overdraft": {"policy": "none", "limit": None},
        "metadata": {"customer": "42"},
        "version": 0,
        "created_at": "",
    }
    assert (await shop.get(f"{ACCOUNTS}/{made['id']}")).json() == made
    assert (await shop.all(ACCOUNTS, code="customer:42:payable", currency="EUR")) == [made]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"policy": "none"}, {"policy": "none", "limit": None}),
        ({"policy": "limit", "limit": 1000}, {"policy": "limit", "limit": 1000}),
        ({"policy": "limit", "limit": "9000000000000000000"}, {"policy": "limit", "limit": "9000000000000000000"}),
        ({"policy": "unlimited"}, {"policy": "unlimited", "limit": None}),
    ],
)
async def test_an_overdraft_is_none_or_a_limit_or_without_limit(shop: Shop, said: Any, told: Any) -> None:
    assert (await shop.open("a", overdraft=said))["overdraft"] == told


@pytest.mark.parametrize(
    "said", [{"policy": "limit"}, {"policy": "none", "limit": 1}, {"policy": "unlimited", "limit": 1}]
)
async def test_a_limit_is_said_where_there_is_one_and_only_there(visitor: Shop, said: Any) -> None:
    refused = await visitor.post(ACCOUNTS, an_account(overdraft=said))

    assert (refused.status, refused.code, refused.json()["errors"][0]["pointer"]) == (
        422,
        "VAL_FIELD",
        "/overdraft/limit",
    )


async def test_a_code_names_one_account_in_each_currency(shop: Shop) -> None:
    await shop.open("a")
    await shop.open("a", currency="JPY")

    again = await shop.post(ACCOUNTS, an_account("a"))

    assert (again.status, again.code, again.json()["errors"][0]["pointer"]) == (409, "LEDGER_ACCOUNT_EXISTS", "/code")


@pytest.mark.parametrize("code", ["", ":", "a:", ":a", "a::b", "a b", "\u00e9", "a" * 201, f"acc_{'0' * 32}", "a\n"])
async def test_what_is_no_code_path_is_refused(shop: Shop, code: str) -> None:
    refused = await shop.post(ACCOUNTS, an_account(code))

    assert (refused.status, refused.code) == (422, "VAL_FIELD")


async def test_a_key_opens_one_account_and_its_answer_is_given_again(shop: Shop) -> None:
    key = new_key()

    first, again = [await shop.post(ACCOUNTS, an_account(), key=key) for _ in range(2)]
    other = await shop.post(ACCOUNTS, an_account("b"), key=key)

    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
    assert (other.status, other.code) == (422, "IDEM_MISMATCH")
    assert len(await shop.all(ACCOUNTS)) == 1


async def test_an_account_is_frozen_thawed_and_closed_for_good(shop: Shop) -> None:
    path = f"{ACCOUNTS}/{(await shop.open('a'))['id']}"

    states = [(await shop.patch(path, {"state": state})).json()["state"] for state in ("frozen", "active", "closed")]
    again = await shop.patch(path, {"state": "closed"})
    refused = await shop.patch(path, {"state": "active"})

    assert states == ["frozen", "active", "closed"]
    assert (again.status, again.json()["state"]) == (200, "closed")
    assert (refused.status, refused.code) == (422, "LEDGER_ACCOUNT_CLOSED")


async def test_only_what_is_said_is_changed(shop: Shop) -> None:
    made = await shop.open("a", metadata={"k": "v"})
    path = f"{ACCOUNTS}/{made['id']}"

    changed = (await shop.patch(path, {"overdraft": {"policy": "limit", "limit": 5}})).json()
    emptied = (await shop.patch(path, {"metadata": {}})).json()
    nothing = (await shop.patch(path, {})).json()

    assert changed == made | {"overdraft": {"policy": "limit", "limit": 5}}
    assert emptied == changed | {"metadata": {}}
    assert nothing == emptied


async def test_a_change_is_refused_when_the_account_is_not_at_the_version_any_more(shop: Shop) -> None:
    path = f"{ACCOUNTS}/{(await shop.open('a'))['id']}"

    refused = await shop.patch(path, {"state": "frozen", "version": 1})
    taken = await shop.patch(path, {"state": "frozen", "version": 0})

    assert (refused.status, refused.code) == (409, "STATE_CONFLICT")
    assert taken.json()["state"] == "frozen"


async def test_an_account_with_money_on_it_is_not_closed(shop: Shop) -> None:
    one, other = (await shop.open("a"))["id"], (await shop.open("b"))["id"]
    await shop.transfer(one, other)

    refused = await shop.patch(f"{ACCOUNTS}/{one}", {"state": "closed"})
    await shop.transfer(other, one)
    closed = await shop.patch(f"{ACCOUNTS}/{one}", {"state": "closed"})

    assert (refused.status, refused.code) == (409, "STATE_CONFLICT")
    assert closed.json()["state"] == "closed"


async def test_an_account_that_holds_something_is_not_closed(shop: Shop) -> None:
    one, other = (await shop.open("a"))["id"], (await shop.open("b"))["id"]
    body = {"debit_account": one, "credit_account": other, "amount": 1, "currency": "EUR"}
    hold = (await shop.post("/v1/holds", body)).json()["id"]

    refused = [await shop.patch(f"{ACCOUNTS}/{account}", {"state": "closed"}) for account in (one, other)]
    await shop.post(f"/v1/holds/{hold}/release")
    closed = [await shop.patch(f"{ACCOUNTS}/{account}", {"state": "closed"}) for account in (one, other)]

    assert [answer.code for answer in refused] == ["STATE_CONFLICT"] * 2
    assert [answer.status for answer in closed] == [200, 200]


async def test_opening_and_changing_is_on_record(shop: Shop, owner_url: str) -> None:
    path = f"{ACCOUNTS}/{(await shop.open('a'))['id']}"
    await shop.patch(path, {"state": "frozen"})

    connection = await asyncpg.connect(owner_url)
    rows = await connection.fetch(
        "select action, subject, details::text from fm.audit_events where tenant_id = $1 and subject = $2 "
        "order by recorded_at",
        shop.tenant_id,
        path.rpartition("/")[2],
    )
    await connection.close()

    assert [row["action"] for row in rows] == ["account.opened", "account.changed"]
    assert '"frozen"' in rows[1]["details"]
