"""The door to holds: what is held is not available, is booked in parts or let go, and ends by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from application.ledger.expire_holds import ExpireHoldsHandler
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key

HOLDS = "/v1/holds"
REPLAYED = "idempotency-replayed"


async def place(shop: Shop, amount: object = 100, *, key: str | None = None, **changes: Any) -> Any:
    body = {"debit_account": "a", "credit_account": "b", "amount": amount, "currency": "EUR", **changes}
    return await shop.post(HOLDS, body, key=key)


@pytest.fixture
async def accounts(shop: Shop) -> tuple[str, str]:
    """Two accounts; of the first 50 may be taken."""
    first = await shop.open("a", overdraft={"policy": "limit", "limit": 50})
    return first["id"], (await shop.open("b"))["id"]


async def test_a_hold_counts_against_what_is_available_and_moves_nothing(shop: Shop, accounts: tuple[str, str]) -> None:
    answer = await place(shop, 30, reference="r", description="d", metadata={"k": "v"})
    told = answer.json()
    refused = await place(shop, 21)

    assert (answer.status, answer.headers["location"]) == (201, f"{HOLDS}/{told['id']}")
    assert (told["state"], told["amount"], told["amount_remaining"], told["reference"]) == ("pending", 30, 30, "r")
    assert (await shop.get(f"{HOLDS}/{told['id']}")).json() == told
    assert await shop.standing(accounts[0]) == (0, -30, -30)
    assert await shop.standing(accounts[1]) == (0, 30, 0)
    assert (refused.status, refused.code, refused.json()["errors"][0]["pointer"]) == (
        422,
        "LEDGER_INSUFFICIENT_FUNDS",
        "/debit_account",
    )


async def test_a_hold_is_booked_in_parts_and_its_rest_let_go(shop: Shop, accounts: tuple[str, str]) -> None:
    hold = f"{HOLDS}/{(await place(shop, 50)).json()['id']}"

    first = await shop.post(f"{hold}/post", {"amount": 20})
    too_much = await shop.post(f"{hold}/post", {"amount": 31})
    last = await shop.post(f"{hold}/post", {"amount": 5, "final": True})
    over = await shop.post(f"{hold}/post")
    told = (await shop.get(hold)).json()

    assert (first.status, first.json()["kind"], first.json()["hold_id"]) == (201, "hold_posting", told["id"])
    assert first.headers["location"] == f"/v1/transfers/{first.json()['id']}"
    assert (await shop.get(first.headers["location"])).json() == first.json()
    assert (too_much.status, too_much.code) == (422, "HOLD_EXCEEDED")
    assert last.json()["entries"][0]["balance"] == -25
    assert (over.status, over.code) == (409, "HOLD_CLOSED")
    assert (told["state"], told["amount_posted"], told["amount_released"], told["amount_remaining"]) == (
        *("posted", 25, 25, 0),
    )
    assert await shop.standing(accounts[0]) == (-25, -25, -25)


async def test_without_an_amount_all_that_is_left_is_booked(shop: Shop, accounts: tuple[str, str]) -> None:
    hold = f"{HOLDS}/{(await place(shop, 50)).json()['id']}"
    await shop.post(f"{hold}/post", {"amount": 20})

    rest = (await shop.post(f"{hold}/post")).json()

    assert rest["entries"][0]["amount"] == 30
    assert (await shop.get(hold)).json()["state"] == "posted"


async def test_a_released_hold_is_available_again(shop: Shop, accounts: tuple[str, str]) -> None:
    hold = f"{HOLDS}/{(await place(shop, 50)).json()['id']}"

    answer = await shop.post(f"{hold}/release")
    again = await shop.post(f"{hold}/release")

    assert (answer.status, answer.json()["state"], answer.json()["amount_released"]) == (200, "voided", 50)
    assert (await shop.get(hold)).json() == answer.json()
    assert (again.status, again.code) == (409, "HOLD_CLOSED")
    assert await shop.standing(accounts[0]) == (0, 0, 0)


async def test_each_answer_is_given_again_byte_for_byte(shop: Shop, accounts: tuple[str, str]) -> None:
    keys = [new_key() for _ in range(3)]
    hold = f"{HOLDS}/{(await place(shop, 50, key=keys[0])).json()['id']}"

    async def all_again() -> list[Any]:
        return [
            await place(shop, 50, key=keys[0]),
            await shop.post(f"{hold}/post", {"amount": 20}, key=keys[1]),
            await shop.post(f"{hold}/release", key=keys[2]),
        ]

    first, again = await all_again(), await all_again()

    assert [answer.status for answer in first] == [201, 201, 200]
    assert [answer.body for answer in again] == [answer.body for answer in first]
    assert [answer.headers.get(REPLAYED) for answer in again] == ["true"] * 3
    assert [answer.headers.get(REPLAYED) for answer in first] == ["true", None, None]


async def test_a_hold_whose_time_is_over_is_let_go_by_itself(
    shop: Shop, accounts: tuple[str, str], service: Service, owner_url: str
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    hold = f"{HOLDS}/{(await place(shop, 50, expires_at=soon)).json()['id']}"
    expire = await service.worker.get(ExpireHoldsHandler)
    await expire()
    before = (await shop.get(hold)).json()["state"]
    connection = await asyncpg.connect(owner_url)
    await connection.execute("update fm.holds set expires_at = now() where tenant_id = $1", shop.tenant_id)
    await connection.close()

    late = await shop.post(f"{hold}/post")
    await expire()

    assert (before, late.status, late.code) == ("pending", 409, "HOLD_EXPIRED")
    assert (await shop.get(hold)).json()["state"] == "expired"
    assert await shop.standing(accounts[0]) == (0, 0, 0)


async def test_a_hold_that_would_be_over_at_once_is_refused(shop: Shop, accounts: tuple[str, str]) -> None:
    refused = await place(shop, 1, expires_at="2020-01-01T00:00:00Z")

    assert (refused.status, refused.code) == (409, "HOLD_EXPIRED")


async def test_a_hold_of_a_payment_is_told_but_not_touched(shop: Shop) -> None:
    payment = (await shop.paid(capture_mode="manual"))["id"]
    (hold,) = await shop.all(HOLDS)

    touched = [await shop.post(f"{HOLDS}/{hold['id']}/{action}") for action in ("post", "release")]

    assert hold["payment_id"] == payment
    assert [(answer.status, answer.code) for answer in touched] == [(404, "NOT_FOUND")] * 2


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_holds_are_listed_by_account_state_and_reference(
    shop: Shop, accounts: tuple[str, str], limit: int
) -> None:
    await shop.open("c")
    made = [(await place(shop, 1, reference=f"r{number}")).json()["id"] for number in range(3)]
    other = (await place(shop, 1, debit_account="b", credit_account="c")).json()["id"]
    await shop.post(f"{HOLDS}/{made[1]}/release")

    async def ids(**query: object) -> list[str]:
        return [one["id"] for one in await shop.all(HOLDS, limit=limit, **query)]

    assert await ids() == [other, *made[::-1]]
    assert await ids(account_id=accounts[0]) == made[::-1]
    assert await ids(account_id=accounts[1]) == [other, *made[::-1]]
    assert await ids(state="voided") == [made[1]]
    assert await ids(reference="r2") == [made[2]]


async def test_a_reference_names_one_hold(shop: Shop, accounts: tuple[str, str]) -> None:
    await place(shop, 1, reference="r")

    refused = await place(shop, 1, reference="r")

    assert (refused.status, refused.code) == (409, "LEDGER_REFERENCE_USED")
