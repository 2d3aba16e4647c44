"""The door to transfers: booked whole or refused whole, told with the balances after them, and reversed once."""

import asyncio
from typing import Any

import pytest

from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key

TRANSFERS = "/v1/transfers"
REPLAYED = "idempotency-replayed"


async def pair(shop: Shop, **changes: Any) -> tuple[str, str]:
    """Open two accounts that may be overdrawn, and give their ids."""
    return (await shop.open("a", **changes))["id"], (await shop.open("b", **changes))["id"]


def refusal_of(answer: Answer) -> tuple[int, str, str | None]:
    """Give status, code and the first pointer of a refusal."""
    errors = answer.json().get("errors", [{}])
    return answer.status, answer.code, errors[0].get("pointer")


async def test_a_transfer_is_told_with_each_entry_and_the_balance_after_it(shop: Shop) -> None:
    one, other = await pair(shop)
    await shop.transfer(one, other, 5)

    answer = await shop.transfer("a", "b", 100, reference="r", description="d", metadata={"k": "v"})
    told = answer.json()

    assert answer.status == 201
    assert answer.headers["location"] == f"{TRANSFERS}/{told['id']}"
    assert told["kind"] == "transfer"
    assert (told["reference"], told["description"], told["metadata"]) == ("r", "d", {"k": "v"})
    assert told["effective_at"] == told["recorded_at"]
    assert told["entries"] == [
        {
            "line": 1,
            "account_id": one,
            "direction": "debit",
            "amount": 100,
            "currency": "EUR",
            "balance": -105,
            "account_version": 2,
        },
        {
            "line": 2,
            "account_id": other,
            "direction": "credit",
            "amount": 100,
            "currency": "EUR",
            "balance": 105,
            "account_version": 2,
        },
    ]
    assert (await shop.get(f"{TRANSFERS}/{told['id']}")).json() == told


async def test_legs_move_several_currencies_at_once_and_take_the_accounts_own(shop: Shop) -> None:
    euro, other_euro = await pair(shop)
    yen = (await shop.open("yen", currency="JPY"))["id"]
    await shop.open("b", currency="JPY")
    legs = [
        {"account": euro, "direction": "debit", "amount": 300},
        {"account": other_euro, "direction": "credit", "amount": 200},
        {"account": "a", "direction": "credit", "amount": 100, "currency": "EUR"},
        {"account": "yen", "direction": "debit", "amount": "7"},
        {"account": "b", "direction": "credit", "amount": 7, "currency": "JPY"},
    ]

    told = (await shop.post(TRANSFERS, {"legs": legs})).json()

    assert [(one["currency"], one["amount"]) for one in told["entries"]] == [
        *[("EUR", 300), ("EUR", 200), ("EUR", 100), ("JPY", 7), ("JPY", 7)]
    ]
    assert await shop.standing(euro) == (-200, -200, -200)
    assert await shop.standing(yen) == (-7, -7, -7)


async def test_a_split_loses_nothing(shop: Shop) -> None:
    for code in ("customer", "merchant", "fees", "tax"):
        await shop.open(code)
    splits = [
        {"account": "fees", "percent": "2.9"},
        {"account": "tax", "fixed": 30},
        {"account": "merchant", "remainder": True},
    ]
    body = {"debit_account": "customer", "amount": 1001, "currency": "EUR", "splits": splits}

    told = (await shop.post(TRANSFERS, body)).json()

    assert [one["amount"] for one in told["entries"]] == [1001, 29, 30, 942]


async def test_a_part_of_nothing_makes_no_entry(shop: Shop) -> None:
    for code in ("customer", "merchant", "fees"):
        await shop.open(code)
    splits = [{"account": "fees", "percent": "2.9"}, {"account": "merchant", "remainder": True}]
    body = {"debit_account": "customer", "amount": 1, "currency": "EUR", "splits": splits}

    told = (await shop.post(TRANSFERS, body)).json()

    assert [one["amount"] for one in told["entries"]] == [1, 1]


@pytest.mark.parametrize(
    "splits",
    [
        [{"account": "b", "percent": "99"}],
        [{"account": "b", "percent": "60"}, {"account": "c", "percent": "41"}],
        [{"account": "b", "remainder": True}, {"account": "c", "remainder": True}],
        [{"account": "b", "fixed": 101}, {"account": "c", "remainder": True}],
    ],
)
async def test_parts_that_do_not_make_the_amount_are_refused(visitor: Shop, splits: Any) -> None:
    body = {"debit_account": "a", "amount": 100, "currency": "EUR", "splits": splits}

    answer = await visitor.post(TRANSFERS, body)

    assert (answer.status, answer.code) == (422, "VAL_AMOUNT")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"debit_account": "a", "credit_account": "b", "amount": 1},
        {"debit_account": "a", "credit_account": "b", "amount": 1, "currency": "EUR", "legs": []},
        {"debit_account": "a", "amount": 1, "currency": "EUR", "splits": []},
        {"debit_account": "a", "amount": 1, "currency": "EUR", "splits": [{"account": "b"}]},
        {
            "debit_account": "a",
            "amount": 1,
            "currency": "EUR",
            "splits": [{"account": "b", "percent": "1", "fixed": 1}],
        },
        {"debit_account": "a", "credit_account": "b", "amount": 1.0, "currency": "EUR"},
        {"debit_account": "a", "credit_account": "b", "amount": "01", "currency": "EUR"},
        {"debit_account": "a", "credit_account": "b", "amount": 0, "currency": "EUR"},
        {"debit_account": "a", "credit_account": "b", "amount": 9_000_000_000_000_000_001, "currency": "EUR"},
        {"debit_account": "a", "credit_account": "b", "amount": "9000000000000000001", "currency": "EUR"},
        {"debit_account": "a b", "credit_account": "b", "amount": 1, "currency": "EUR"},
        {
            "debit_account": "a",
            "credit_account": "b",
            "amount": 1,
            "currency": "EUR",
            "effective_at": "2026-01-01T00:00:00",
        },
        {
            "debit_account": "a",
            "credit_account": "b",
            "amount": 1,
            "currency": "EUR",
            "effective_at": "0001-01-01T00:00:00+14:00",
        },
    ],
)
async def test_what_is_no_transfer_is_refused(visitor: Shop, body: Any) -> None:
    answer = await visitor.post(TRANSFERS, body)

    assert (answer.status, answer.code) == (422, "VAL_FIELD")


async def test_the_largest_amount_is_taken_and_told_as_digits(shop: Shop) -> None:
    await pair(shop)

    told = (await shop.transfer("a", "b", "9000000000000000000")).json()
    overflow = await shop.transfer("a", "b", 1)

    assert [(one["amount"], one["balance"]) for one in told["entries"]] == [
        ("9000000000000000000", "-9000000000000000000"),
        ("9000000000000000000", "9000000000000000000"),
    ]
    assert (overflow.status, overflow.code) == (422, "LEDGER_OVERFLOW")
    assert (await shop.get(f"{TRANSFERS}/{told['id']}")).json() == told
    (first, _) = await shop.all("/v1/ledger/entries", limit=2)
    assert first["amount"] == "9000000000000000000"


class TestDryRun:
    """The same code, and nothing is booked."""

    async def test_it_tells_the_entries_and_leaves_no_trace(self, shop: Shop, service: Service) -> None:
        one, other = await pair(shop)
        key = new_key()

        tried = await shop.transfer(one, other, key=key, dry_run=True, reference="r")
        booked = await shop.transfer(one, other, key=key, reference="r")

        assert (tried.status, tried.json()["dry_run"]) == (200, True)
        assert tried.json()["entries"] == booked.json()["entries"]
        assert "dry_run" not in booked.json()
        assert "location" not in tried.headers
        assert len(await shop.all(TRANSFERS)) == 1
        assert (await service.prove(shop.tenant_id)).holds

    async def test_it_is_refused_as_the_transfer_would_be(self, shop: Shop) -> None:
        one, other = await pair(shop, overdraft={"policy": "none"})

        tried = await shop.transfer(one, other, dry_run=True)

        assert refusal_of(tried) == (422, "LEDGER_INSUFFICIENT_FUNDS", "/debit_account")


class TestReversal:
    """Once, whoever asks."""

    async def test_a_reversal_is_the_opposite_and_each_tells_of_the_other(self, shop: Shop) -> None:
        one, other = await pair(shop)
        booked = (await shop.transfer(one, other)).json()

        answer = await shop.post(
            f"{TRANSFERS}/{booked['id']}/reverse", {"description": "wrong", "metadata": {"k": "v"}}
        )
        told = answer.json()

        assert (answer.status, told["kind"], told["reverses_id"]) == (201, "reversal", booked["id"])
        assert [(e["account_id"], e["direction"], e["balance"]) for e in told["entries"]] == [
            (one, "credit", 0),
            (other, "debit", 0),
        ]
        assert (await shop.get(f"{TRANSFERS}/{told['id']}")).json() == told
        assert (await shop.get(f"{TRANSFERS}/{booked['id']}")).json() == booked | {"reversed_by_id": told["id"]}

    async def test_it_is_not_reversed_twice_nor_is_a_reversal(self, shop: Shop) -> None:
        await pair(shop)
        path = f"{TRANSFERS}/{(await shop.transfer('a', 'b')).json()['id']}/reverse"
        key = new_key()
        first, again = [await shop.post(path, key=key) for _ in range(2)]

        twice = await shop.post(path)
        back = await shop.post(f"{TRANSFERS}/{first.json()['id']}/reverse")

        assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
        assert [(answer.status, answer.code) for answer in (twice, back)] == [(409, "LEDGER_ALREADY_REVERSED")] * 2

    async def test_fifty_at_once_reverse_once(self, shop: Shop) -> None:
        one, _ = await pair(shop)
        path = f"{TRANSFERS}/{(await shop.transfer('a', 'b')).json()['id']}/reverse"

        answers = await asyncio.gather(*(shop.post(path) for _ in range(50)))

        assert sorted(answer.status for answer in answers) == [201] + [409] * 49
        assert await shop.standing(one) == (0, 0, 0)

    async def test_what_was_booked_for_a_payment_is_told_but_not_reversed(self, shop: Shop) -> None:
        payment = await shop.payment((await shop.paid())["id"])
        transaction = payment["entries"][0]["transaction_id"]

        told = (await shop.get(f"{TRANSFERS}/{transaction}")).json()
        refused = await shop.post(f"{TRANSFERS}/{transaction}/reverse")

        assert (told["kind"], told["payment_id"]) == ("capture", payment["id"])
        assert (refused.status, refused.code) == (404, "NOT_FOUND")


class TestListing:
    """Newest first, page by page, by every filter."""

    @pytest.fixture
    async def told(self, shop: Shop) -> list[Any]:
        for code in "abc":
            await shop.open(code)
        made = [
            await shop.transfer("a", "b", 1, reference="one"),
            await shop.transfer("b", "c", 2),
            await shop.transfer("a", "c", 3),
            await shop.transfer("b", "a", 4, reference="four"),
        ]
        reversal = await shop.post(f"{TRANSFERS}/{made[1].json()['id']}/reverse")
        return [answer.json() for answer in (*made, reversal)]

    @pytest.mark.parametrize("limit", [1, 2, 5])
    async def test_pages_of_any_size_show_each_once(self, shop: Shop, told: list[Any], limit: int) -> None:
        newest_first = [one["id"] for one in reversed(told)]

        assert [one["id"] for one in await shop.all(TRANSFERS, limit=limit)] == newest_first
        assert [one["id"] for one in await shop.all(TRANSFERS, limit=limit, kind="transfer")] == newest_first[1:]

    @pytest.mark.parametrize("limit", [1, 2, 5])
    async def test_pages_of_one_account_show_each_once(self, shop: Shop, told: list[Any], limit: int) -> None:
        account = told[0]["entries"][0]["account_id"]

        found = await shop.all(TRANSFERS, limit=limit, account_id=account)

        assert [one["id"] for one in found] == [told[n]["id"] for n in (3, 2, 0)]

    @pytest.mark.parametrize("limit", [1, 10])
    async def test_a_transfer_with_two_legs_on_one_account_is_shown_once(self, shop: Shop, limit: int) -> None:
        one, _ = await pair(shop)
        legs = [
            {"account": "a", "direction": "debit", "amount": 1},
            {"account": "a", "direction": "debit", "amount": 2},
            {"account": "b", "direction": "credit", "amount": 3},
        ]
        made = [(await shop.post(TRANSFERS, {"legs": legs})).json()["id"] for _ in range(3)]

        found = await shop.all(TRANSFERS, limit=limit, account_id=one)

        assert [transfer["id"] for transfer in found] == made[::-1]

    async def test_they_are_found_by_reference_and_time(self, shop: Shop, told: list[Any]) -> None:
        cut = told[2]["recorded_at"]

        assert [one["id"] for one in await shop.all(TRANSFERS, reference="four")] == [told[3]["id"]]
        assert await shop.all(TRANSFERS, reference="nothing") == []
        later = await shop.all(TRANSFERS, recorded_from=cut)
        assert [one["id"] for one in later] == [told[n]["id"] for n in (4, 3, 2)]
        earlier = await shop.all(TRANSFERS, recorded_before=cut)
        assert [one["id"] for one in earlier] == [told[n]["id"] for n in (1, 0)]
