"""`POST /v1/payments/{id}/refunds`: what was captured goes back, never more of it than there is."""

import asyncio

import pytest

from domain.providers import NotSent, OperationKind
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.providers import ScriptedProvider


@pytest.mark.parametrize("body", [None, {}, {"amount": None}, {"amount": 1000}])
async def test_all_that_was_captured_goes_back(shop: Shop, service: Service, body: object) -> None:
    payment_id = (await shop.paid(amount=1000))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/refunds", body)

    refund = answer.json()
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/payments/{payment_id}"
    assert {name: refund[name] for name in ("payment_id", "state", "money_state", "amount", "currency", "reason")} == {
        "payment_id": payment_id,
        "state": "succeeded",
        "money_state": "moved",
        "amount": 1000,
        "currency": "EUR",
        "reason": None,
    }
    payment = await shop.payment(payment_id)
    assert (payment["state"], payment["amount_refunded"], payment["amount_refundable"]) == ("succeeded", 1000, 0)
    assert payment["refunds"] == [refund]
    assert (await service.prove(shop.tenant_id)).holds


async def test_parts_go_back_up_to_the_capture_and_not_beyond(shop: Shop) -> None:
    payment_id = (await shop.paid(amount=1000))["id"]

    answers = [
        await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": amount, "reason": "returned"})
        for amount in (600, 401, 400, 1)
    ]

    assert [answer.status for answer in answers] == [201, 422, 201, 422]
    assert [answers[1].code, answers[3].code] == ["REFUND_EXCEEDS_CAPTURE"] * 2
    assert answers[1].json()["errors"] == [{"pointer": "/amount", "detail": "Only 400 minor units are left to refund."}]
    refunds = (await shop.payment(payment_id))["refunds"]
    assert [(refund["amount"], refund["reason"]) for refund in refunds] == [(600, "returned"), (400, "returned")]


async def test_nothing_is_left_after_everything_went_back(shop: Shop) -> None:
    payment_id = (await shop.paid())["id"]
    await shop.post(f"/v1/payments/{payment_id}/refunds")

    answer = await shop.post(f"/v1/payments/{payment_id}/refunds")

    assert (answer.status, answer.code) == (422, "REFUND_EXCEEDS_CAPTURE")


@pytest.mark.parametrize(("token", "mode"), [("tok_success", "manual"), ("tok_cut", "automatic")])
async def test_what_was_not_captured_cannot_go_back(shop: Shop, token: str, mode: str) -> None:
    payment_id = (await shop.paid(token, capture_mode=mode))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 1})

    assert (answer.status, answer.code) == (409, "STATE_CONFLICT")


@pytest.mark.parametrize(
    ("token", "money"),
    [("tok_refund_pending", "held"), ("tok_refund_cut", "unknown"), ("tok_refund_timeout", "unknown")],
)
async def test_a_refund_that_is_under_way_answers_202_and_counts_already(
    shop: Shop, service: Service, token: str, money: str
) -> None:
    payment_id = (await shop.paid(token, amount=1000))["id"]

    first = await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 700})
    beyond = await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 301})

    assert (first.status, first.json()["state"], first.json()["money_state"]) == (202, "pending", money)
    assert (beyond.status, beyond.code) == (422, "REFUND_EXCEEDS_CAPTURE")
    assert (await shop.payment(payment_id))["amount_refundable"] == 300
    if token == "tok_refund_cut":
        operation = (await shop.payment(payment_id))["attempts"][0]["operations"][-1]
        await service.resolve(shop.tenant_id, operation["id"])
        assert [one["state"] for one in (await shop.payment(payment_id))["refunds"]] == ["succeeded"]
        assert (await service.prove(shop.tenant_id)).holds


async def test_a_declined_refund_may_be_asked_for_again(shop: Shop) -> None:
    payment_id = (await shop.paid("tok_refund_declined"))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/refunds")

    payment = await shop.payment(payment_id)
    assert (answer.status, answer.code) == (402, "PROV_DECLINED_HARD")
    assert (payment["amount_refunded"], payment["amount_refundable"]) == (0, 1000)
    assert [(one["state"], one["failure_code"]) for one in payment["refunds"]] == [("failed", "refund_declined")]


async def test_refunds_at_once_never_exceed_the_capture(shop: Shop, service: Service) -> None:
    payment_id = (await shop.paid(amount=1000))["id"]

    answers = await asyncio.gather(
        *(shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 400}) for _ in range(6))
    )

    assert sorted(answer.status for answer in answers) == [201, 201, 422, 422, 422, 422]
    assert (await shop.payment(payment_id))["amount_refunded"] == 800
    assert (await service.prove(shop.tenant_id)).holds


async def test_twenty_legitimate_refunds_at_once_all_go_back(shop: Shop, service: Service) -> None:
    payment_id = (await shop.paid(amount=1000))["id"]

    answers = await asyncio.gather(
        *(shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 50}) for _ in range(20))
    )

    assert [answer.status for answer in answers] == [201] * 20
    assert (await shop.payment(payment_id))["amount_refunded"] == 1000
    assert (await service.prove(shop.tenant_id)).holds


async def test_a_refund_that_was_not_sent_is_tried_again_under_the_same_key(
    scripted_shop: Shop, provider: ScriptedProvider, scripted: Service
) -> None:
    payment_id = (await scripted_shop.paid(amount=1000))["id"]
    provider.script(OperationKind.REFUND, NotSent("connection refused"))
    key = new_key()

    first, again, replayed = [
        await scripted_shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 600}, key=key) for _ in range(3)
    ]

    assert (first.status, first.code, first.json()["money_state"]) == (503, "PROV_UNREACHABLE", "moved")
    assert (again.status, again.json()["amount"]) == (201, 600)
    assert (replayed.body, replayed.headers["idempotency-replayed"]) == (again.body, "true")
    payment = await scripted_shop.payment(payment_id)
    assert (payment["amount_refunded"], provider.effects(OperationKind.REFUND)) == (600, 1)
    assert (await scripted.prove(scripted_shop.tenant_id)).holds
