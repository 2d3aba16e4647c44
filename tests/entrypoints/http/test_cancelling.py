"""`POST /v1/payments/{id}/cancel`: what is not captured is let go, once."""

import pytest

from domain.providers import Decline, NotSent, OperationKind, Rejected
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.providers import ScriptedProvider

UNSENT = NotSent("connection refused")


@pytest.mark.parametrize("body", [None, {}])
async def test_a_reservation_is_let_go(shop: Shop, service: Service, body: object) -> None:
    payment_id = (await shop.paid(capture_mode="manual"))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel", body)

    payment = answer.json()
    assert (answer.status, payment["state"], payment["money_state"]) == (200, "cancelled", "none")
    assert (payment["amount_authorized"], payment["amount_capturable"]) == (0, 0)
    assert (await service.prove(shop.tenant_id)).holds


async def test_what_was_captured_stays_captured(shop: Shop) -> None:
    payment_id = (await shop.paid(capture_mode="manual"))["id"]
    await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 400})

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel")

    payment = answer.json()
    assert (answer.status, payment["state"], payment["money_state"]) == (200, "succeeded", "moved")
    assert (payment["amount_authorized"], payment["amount_captured"]) == (400, 400)


async def test_a_payment_that_waits_for_its_customer_is_given_up(shop: Shop, service: Service) -> None:
    payment_id = (await shop.paid("tok_action"))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel")

    assert (answer.status, answer.json()["state"], answer.json()["action_url"]) == (200, "cancelled", None)
    assert (await service.prove(shop.tenant_id)).holds


@pytest.mark.parametrize("token", ["tok_success", "tok_cut"])
async def test_what_is_taken_or_in_doubt_cannot_be_cancelled(shop: Shop, token: str) -> None:
    payment_id = (await shop.paid(token))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel")

    assert (answer.status, answer.code) == (409, "STATE_CONFLICT")
    assert ("retry-after" in answer.headers) == (token == "tok_cut")


async def test_a_provider_that_refuses_leaves_everything_as_it_was(shop: Shop) -> None:
    payment_id = (await shop.paid("tok_pending"))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel")

    assert (answer.status, answer.code) == (422, "PROV_REFUSED")
    assert answer.json()["provider"]["code"] == "charge_not_voidable"
    assert (await shop.payment(payment_id))["state"] == "processing"


async def test_an_unknown_outcome_is_found_out(shop: Shop, service: Service) -> None:
    payment_id = (await shop.paid("tok_void_cut", capture_mode="manual"))["id"]

    answer = await shop.post(f"/v1/payments/{payment_id}/cancel")
    operation = (await shop.payment(payment_id))["attempts"][0]["operations"][-1]
    await service.resolve(shop.tenant_id, operation["id"])

    assert (answer.status, answer.json()["money_state"]) == (202, "unknown")
    assert (await shop.payment(payment_id))["state"] == "cancelled"
    assert (await service.prove(shop.tenant_id)).holds


async def test_a_cancellation_is_replayed_and_not_taken_for_another_one(shop: Shop) -> None:
    payment_id, key = (await shop.paid(capture_mode="manual"))["id"], new_key()

    first, again = [await shop.post(f"/v1/payments/{payment_id}/cancel", key=key) for _ in range(2)]
    other = await shop.post(f"/v1/payments/{payment_id}/cancel", {}, key=key)

    assert (first.status, again.body, again.headers["idempotency-replayed"]) == (200, first.body, "true")
    assert (other.status, other.code) == (422, "IDEM_MISMATCH")


async def test_a_payment_that_was_never_sent_is_cancelled_without_the_provider(
    scripted_shop: Shop, provider: ScriptedProvider, scripted: Service
) -> None:
    provider.script(OperationKind.AUTHORIZE, UNSENT)
    await scripted_shop.pay()
    payment_id = (await scripted_shop.all("/v1/payments"))[0]["id"]
    key = new_key()

    first, again = [await scripted_shop.post(f"/v1/payments/{payment_id}/cancel", key=key) for _ in range(2)]

    assert (first.status, first.json()["state"], first.json()["money_state"]) == (200, "cancelled", "none")
    assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")
    assert [one.kind for one in provider.performed] == [OperationKind.AUTHORIZE]
    assert (await scripted.prove(scripted_shop.tenant_id, with_providers=False)).holds


async def test_the_key_of_a_payment_that_was_cancelled_meanwhile_says_so_each_time(
    scripted_shop: Shop, provider: ScriptedProvider
) -> None:
    provider.script(OperationKind.AUTHORIZE, UNSENT)
    key = new_key()
    await scripted_shop.pay(key=key)
    payment_id = (await scripted_shop.all("/v1/payments"))[0]["id"]
    await scripted_shop.post(f"/v1/payments/{payment_id}/cancel")

    answers = [await scripted_shop.pay(key=key) for _ in range(3)]

    assert [(answer.status, answer.code) for answer in answers] == [(409, "STATE_CONFLICT")] * 3
    assert len(await scripted_shop.all("/v1/payments")) == 1


async def test_the_key_of_a_capture_that_became_impossible_says_so_each_time(
    scripted_shop: Shop, provider: ScriptedProvider
) -> None:
    payment_id = (await scripted_shop.paid(capture_mode="manual"))["id"]
    provider.script(OperationKind.CAPTURE, UNSENT)
    key = new_key()
    await scripted_shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000}, key=key)
    await scripted_shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 600})

    answers = [
        await scripted_shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000}, key=key) for _ in range(3)
    ]

    assert [(one.status, one.code) for one in answers] == [(422, "CAPTURE_EXCEEDS_AUTHORIZATION")] * 3


async def test_a_refused_void_is_told_with_the_providers_words(scripted_shop: Shop, provider: ScriptedProvider) -> None:
    payment_id = (await scripted_shop.paid(capture_mode="manual"))["id"]
    provider.script(OperationKind.VOID, Rejected("try_later", Decline.SOFT, "Not now."))

    answer = await scripted_shop.post(f"/v1/payments/{payment_id}/cancel")

    assert (answer.status, answer.code) == (402, "PROV_DECLINED_SOFT")
    assert answer.json()["provider"] == {"id": "sandbox", "code": "try_later", "message": "Not now."}
    assert answer.json()["money_state"] == "held"
