"""`POST /v1/payments/{id}/capture`: part or all of what is reserved, and never more."""

import asyncio

import pytest

from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key

AMOUNTS = ("amount_authorized", "amount_capturable", "amount_captured")


async def reserved(shop: Shop, token: str = "tok_success", amount: int = 5000) -> str:
    return str((await shop.paid(token, amount=amount, capture_mode="manual"))["id"])


@pytest.mark.parametrize("body", [None, {}, {"amount": None}, {"amount": 5000}, {"amount": 5000, "final": True}])
async def test_all_that_is_reserved_is_captured(shop: Shop, body: object) -> None:
    payment_id = await reserved(shop)

    answer = await shop.post(f"/v1/payments/{payment_id}/capture", body)

    payment = answer.json()
    assert (answer.status, payment["state"], payment["money_state"]) == (200, "succeeded", "moved")
    assert [payment[name] for name in AMOUNTS] == [5000, 0, 5000]
    assert "location" not in answer.headers


async def test_a_part_leaves_the_rest_reserved_until_the_last(shop: Shop) -> None:
    payment_id = await reserved(shop)

    parts = [await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": amount}) for amount in (2000, 1000, 2000)]

    assert [part.status for part in parts] == [200, 200, 200]
    assert [part.json()["state"] for part in parts] == ["partially_captured", "partially_captured", "succeeded"]
    assert [part.json()["amount_capturable"] for part in parts] == [3000, 2000, 0]
    entries = (await shop.payment(payment_id))["entries"]
    assert [entry["amount"] for entry in entries if entry["direction"] == "debit"] == [2000, 1000, 2000]


async def test_a_final_part_lets_the_rest_go(shop: Shop, service: Service) -> None:
    payment_id = await reserved(shop)

    answer = await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 2000, "final": True})

    payment = answer.json()
    assert (answer.status, payment["state"]) == (200, "succeeded")
    assert [payment[name] for name in AMOUNTS] == [2000, 0, 2000]
    assert (await service.prove(shop.tenant_id)).holds


@pytest.mark.parametrize("amount", [5001, 2**53 - 1])
async def test_more_than_is_reserved_is_refused_and_changes_nothing(shop: Shop, amount: int) -> None:
    payment_id = await reserved(shop)

    answer = await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": amount})

    assert (answer.status, answer.code) == (422, "CAPTURE_EXCEEDS_AUTHORIZATION")
    assert answer.json()["money_state"] == "held"
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/amount"]
    assert (await shop.payment(payment_id))["amount_capturable"] == 5000


@pytest.mark.parametrize("token", ["tok_success", "tok_action", "tok_pending", "tok_cut"])
async def test_what_is_not_reserved_cannot_be_captured(shop: Shop, token: str) -> None:
    payment_id = (await shop.paid(token))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/capture")

    assert (answer.status, answer.code) == (409, "STATE_CONFLICT")


async def test_a_capture_whose_outcome_is_unknown_answers_202_and_locks_the_payment(
    shop: Shop, service: Service
) -> None:
    payment_id = await reserved(shop, "tok_capture_cut")

    first = await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000})
    second = await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000})
    operation = (await shop.payment(payment_id))["attempts"][0]["operations"][-1]
    await service.resolve(shop.tenant_id, operation["id"])

    assert (first.status, first.json()["money_state"]) == (202, "unknown")
    assert (second.status, second.code) == (409, "STATE_CONFLICT")
    assert int(second.headers["retry-after"]) >= 1
    settled = await shop.payment(payment_id)
    assert (settled["state"], settled["amount_captured"]) == ("partially_captured", 1000)
    assert (await service.prove(shop.tenant_id)).holds


async def test_a_declined_capture_leaves_the_reservation_as_it_was(shop: Shop) -> None:
    payment_id = await reserved(shop, "tok_capture_declined")

    answer = await shop.post(f"/v1/payments/{payment_id}/capture")

    assert (answer.status, answer.code) == (402, "PROV_DECLINED_HARD")
    assert answer.json()["money_state"] == "held"
    payment = await shop.payment(payment_id)
    assert (payment["state"], payment["amount_capturable"], payment["entries"]) == ("authorized", 5000, [])


async def test_ten_captures_at_once_take_the_money_once(shop: Shop, service: Service) -> None:
    payment_id = await reserved(shop)

    answers = await asyncio.gather(*(shop.post(f"/v1/payments/{payment_id}/capture") for _ in range(10)))

    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
    assert (await shop.payment(payment_id))["amount_captured"] == 5000
    assert (await service.prove(shop.tenant_id)).holds


async def test_the_same_capture_again_is_replayed(shop: Shop) -> None:
    payment_id, key = await reserved(shop), new_key()

    first, again = [await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 10}, key=key) for _ in range(2)]

    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (200, first.body, "true")
    assert (await shop.payment(payment_id))["amount_captured"] == 10


@pytest.mark.parametrize(
    "body",
    [
        *({"amount": amount} for amount in (0, -1, "1", 1.0, True, 2**53)),
        *({"final": final} for final in (1, "true", None)),
        *[{"currency": "EUR"}, [], "all", 1, True],
    ],
)
async def test_a_body_that_is_none_is_refused(shop: Shop, body: object) -> None:
    payment_id = await reserved(shop)

    answer = await shop.post(f"/v1/payments/{payment_id}/capture", body)

    assert (answer.status, answer.code) == (422, "VAL_FIELD")
    assert (await shop.payment(payment_id))["amount_captured"] == 0
