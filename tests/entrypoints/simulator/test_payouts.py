"""The gateway's payouts, seen by a merchant over HTTP: one per key, and what becomes of each by the payee's name."""

import asyncio
import time
from typing import Any

import pytest

from tests.entrypoints.simulator.merchant import Merchant, new_key


def new_payout(name: str, **changes: object) -> dict[str, object]:
    return {
        "account": "pac_1",
        "payout": "pyo_1",
        "amount": 400,
        "currency": "EUR",
        "name": name,
        "country": "NP",
        "destination": "0123456789",
        **changes,
    }


async def until(merchant: Merchant, key: str, status: str) -> Any:
    deadline = time.monotonic() + 10
    while (found := (await merchant.get(f"/v1/payouts/{key}")).json).get("status") != status:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    return found


async def test_a_payout_is_taken_and_paid_later(merchant: Merchant) -> None:
    key = new_key()

    answer = await merchant.post("/v1/payouts", new_payout("Anna Example"), key=key)

    assert (answer.status, answer.json["status"], answer.json["key"]) == (201, "pending", key)
    assert (await until(merchant, key, "paid"))["failure"] is None


async def test_one_key_pays_once_and_tells_how_it_stands(merchant: Merchant) -> None:
    key = new_key()
    first = await merchant.post("/v1/payouts", new_payout("Anna Instant"), key=key)
    again = await merchant.post("/v1/payouts", new_payout("Anna Instant"), key=key)
    other = await merchant.post("/v1/payouts", new_payout("Anna Instant", amount=401), key=key)

    assert (first.json["id"], first.json["status"]) == (again.json["id"], "paid")
    assert (other.status, other.json["error"]["code"]) == (409, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("Anna Failed", "failed", "account_closed"), ("Anna Returned", "returned", "no_such_account")],
)
async def test_a_payout_goes_wrong_later(merchant: Merchant, name: str, status: str, code: str) -> None:
    key = new_key()
    await merchant.post("/v1/payouts", new_payout(name), key=key)

    assert (await until(merchant, key, status))["failure"]["code"] == code


async def test_what_is_refused_leaves_no_trace(merchant: Merchant) -> None:
    key = new_key()
    refused = await merchant.post("/v1/payouts", new_payout("Anna Rejected"), key=key)
    found = await merchant.get(f"/v1/payouts/{key}")

    assert (refused.status, refused.json["error"]["kind"]) == (402, "hard")
    assert (found.status, found.json["error"]["code"]) == (404, "payout_not_found")


@pytest.mark.parametrize(("name", "said"), [("Anna Cut", "cut"), ("Anna Garbage", "201 garbage")])
async def test_an_answer_is_lost_after_the_effect(merchant: Merchant, name: str, said: str) -> None:
    key = new_key()

    heard = await merchant.seen("/v1/payouts", new_payout(name), key)

    assert heard in {said, said.replace("201", "200")}
    assert (await until(merchant, key, "paid"))["key"] == key


async def test_what_is_dropped_is_not_there_and_may_come_again(merchant: Merchant) -> None:
    key = new_key()

    heard = await merchant.seen("/v1/payouts", new_payout("Anna Drop"), key)
    missing = await merchant.get(f"/v1/payouts/{key}")
    again = await merchant.post("/v1/payouts", new_payout("Anna Drop"), key=key)

    assert (heard, missing.status, again.status) == ("cut", 404, 201)


async def test_a_fault_can_be_ordered_for_the_next_payout(merchant: Merchant) -> None:
    key = new_key()
    await merchant.post("/control/faults", {"kind": "cut", "on": "payout"})

    heard = await merchant.seen("/v1/payouts", new_payout("Anna Instant"), key)

    assert (heard, (await merchant.get(f"/v1/payouts/{key}")).json["status"]) == ("cut", "paid")


@pytest.mark.parametrize("changes", [{"amount": 0}, {"country": "Nepal"}, {"destination": ""}, {"unheard": 1}])
async def test_a_payout_that_is_badly_worded_is_refused(merchant: Merchant, changes: dict[str, object]) -> None:
    answer = await merchant.post("/v1/payouts", new_payout("Anna Example", **changes))

    assert (answer.status, answer.json["error"]["code"]) == (422, "field_invalid")
