"""What the ledger refuses of transfers: each refusal names its leg, nothing is booked, and a key is used once."""

import asyncio
from typing import Any

import pytest

from tests.entrypoints.http.edge.asking import Answer
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


class TestRefusals:
    """Each names its leg, and nothing is booked."""

    async def test_more_than_is_available_is_refused(self, shop: Shop) -> None:
        one, _ = await pair(shop, overdraft={"policy": "limit", "limit": 50})

        refused = await shop.transfer("a", "b", 51)
        taken = await shop.transfer("a", "b", 50)

        assert refusal_of(refused) == (422, "LEDGER_INSUFFICIENT_FUNDS", "/debit_account")
        assert refused.json()["money_state"] == "none"
        assert taken.status == 201
        assert await shop.standing(one) == (-50, -50, -50)

    @pytest.mark.parametrize("name", ["nobody:home", f"acc_{'0' * 32}", f"acc_{'1' * 32}"])
    async def test_an_unknown_account_is_refused(self, shop: Shop, name: str) -> None:
        await pair(shop)

        by_debit, by_credit = await shop.transfer(name, "b"), await shop.transfer("a", name)
        by_leg = await shop.post(
            TRANSFERS,
            {
                "legs": [
                    {"account": "a", "direction": "debit", "amount": 1},
                    {"account": name, "direction": "credit", "amount": 1},
                ]
            },
        )

        assert refusal_of(by_debit) == (422, "LEDGER_ACCOUNT_UNKNOWN", "/debit_account")
        assert refusal_of(by_credit) == (422, "LEDGER_ACCOUNT_UNKNOWN", "/credit_account")
        assert refusal_of(by_leg) == (422, "LEDGER_ACCOUNT_UNKNOWN", "/legs/1/account")

    async def test_a_code_of_several_currencies_needs_one(self, shop: Shop) -> None:
        await pair(shop)
        leg = {"account": "a", "direction": "debit", "amount": 1}
        legs = [leg, {"account": "b", "direction": "credit", "amount": 1}]
        first = await shop.post(TRANSFERS, {"legs": legs})
        await shop.open("a", currency="JPY")

        refused = await shop.post(TRANSFERS, {"legs": legs})
        named = await shop.post(TRANSFERS, {"legs": [leg | {"currency": "EUR"}, legs[1]]})

        assert (first.status, named.status) == (201, 201)
        assert refusal_of(refused) == (422, "LEDGER_ACCOUNT_UNKNOWN", "/legs/0/account")

    async def test_an_account_of_another_currency_is_refused(self, shop: Shop) -> None:
        one, _ = await pair(shop)
        other = (await shop.open("yen", currency="JPY"))["id"]

        assert refusal_of(await shop.transfer(one, other)) == (422, "LEDGER_CURRENCY_MISMATCH", "/credit_account")

    async def test_a_frozen_or_closed_account_is_refused_until_it_is_thawed(self, shop: Shop) -> None:
        one, other = await pair(shop)
        await shop.patch(f"/v1/ledger/accounts/{other}", {"state": "frozen"})
        frozen = await shop.transfer(one, other)
        await shop.patch(f"/v1/ledger/accounts/{other}", {"state": "closed"})
        closed = await shop.transfer(one, other)

        assert refusal_of(frozen) == (422, "LEDGER_ACCOUNT_FROZEN", "/credit_account")
        assert refusal_of(closed) == (422, "LEDGER_ACCOUNT_CLOSED", "/credit_account")

    async def test_a_reference_names_one_transaction(self, shop: Shop) -> None:
        await pair(shop)
        await shop.transfer("a", "b", reference="r")

        assert refusal_of(await shop.transfer("a", "b", reference="r")) == (
            409,
            "LEDGER_REFERENCE_USED",
            "/reference",
        )

    async def test_legs_that_do_not_balance_are_refused(self, shop: Shop) -> None:
        await pair(shop)
        legs = [
            {"account": "a", "direction": "debit", "amount": 2},
            {"account": "b", "direction": "credit", "amount": 1},
        ]

        answer = await shop.post(TRANSFERS, {"legs": legs})

        assert (answer.status, answer.code) == (422, "LEDGER_UNBALANCED")

    async def test_a_balance_condition_is_looked_at_after_all_legs(self, shop: Shop) -> None:
        await pair(shop)

        def legs(least: object) -> dict[str, object]:
            debit = {"account": "a", "direction": "debit", "amount": 10, "available_min": least}
            return {"legs": [debit, {"account": "b", "direction": "credit", "amount": 10}]}

        refused, taken = await shop.post(TRANSFERS, legs(-9)), await shop.post(TRANSFERS, legs("-10"))

        assert refusal_of(refused) == (422, "LEDGER_CONDITION_FAILED", "/legs/0/account")
        assert taken.status == 201


class TestIdempotency:
    """One key, one transfer, one answer."""

    async def test_the_first_answer_is_given_again_byte_for_byte_also_after_more_was_booked(self, shop: Shop) -> None:
        one, other = await pair(shop)
        key = new_key()
        body = {"reference": "r", "metadata": {"k": "v"}, "effective_at": "2026-01-02T03:04:05.678901+02:00"}
        first = await shop.transfer(one, other, key=key, **body)
        await shop.transfer(one, other)
        await shop.post(f"{TRANSFERS}/{first.json()['id']}/reverse")

        again = await shop.transfer(one, other, key=key, **body)

        assert (again.status, again.body, again.headers[REPLAYED]) == (201, first.body, "true")
        assert again.headers["location"] == first.headers["location"]
        assert REPLAYED not in first.headers

    @pytest.mark.parametrize("extra", [{}, {"effective_at": "2026-01-02T03:04:05Z"}])
    async def test_a_refusal_is_final_and_marked_when_it_is_given_again(self, shop: Shop, extra: Any) -> None:
        one, other = await pair(shop, overdraft={"policy": "none"})
        key = new_key()
        first = await shop.transfer(one, other, key=key, **extra)
        await shop.transfer(other, one, 1)
        await shop.patch(f"/v1/ledger/accounts/{one}", {"overdraft": {"policy": "unlimited"}})

        again = await shop.transfer(one, other, key=key, **extra)

        assert refusal_of(first) == refusal_of(again) == (422, "LEDGER_INSUFFICIENT_FUNDS", "/debit_account")
        assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")

    async def test_an_unknown_code_is_a_final_refusal_too(self, shop: Shop) -> None:
        key = new_key()
        await shop.open("a")
        first = await shop.transfer("a", "b", key=key)
        await shop.open("b")

        again = await shop.transfer("a", "b", key=key)

        assert refusal_of(first) == refusal_of(again) == (422, "LEDGER_ACCOUNT_UNKNOWN", "/credit_account")

    async def test_the_same_key_with_other_bytes_is_refused(self, shop: Shop) -> None:
        one, other = await pair(shop)
        key = new_key()
        await shop.transfer(one, other, key=key)

        refused = await shop.transfer(one, other, 101, key=key)

        assert (refused.status, refused.code) == (422, "IDEM_MISMATCH")
        assert await shop.standing(one) == (-100, -100, -100)

    async def test_many_at_once_with_one_key_book_once(self, shop: Shop) -> None:
        one, other = await pair(shop)
        key = new_key()

        answers = await asyncio.gather(*(shop.transfer(one, other, key=key) for _ in range(20)))

        assert {(answer.status, answer.body) for answer in answers} == {(201, answers[0].body)}
        assert await shop.standing(one) == (-100, -100, -100)
