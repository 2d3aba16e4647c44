"""`GET /v1/payments/{id}`: the whole story of a payment, true and as of one moment."""

import asyncio
from urllib.parse import quote

import pytest

from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop

UNKNOWN_IDS = [
    *("pay_" + "0" * 32, "pay_0198c5a0b1c27d3e8f00112233445566", "pay_", "pay_1", "PAY_" + "0" * 32, "x", "-1"),
    *("pay_" + "0" * 31 + "G", "pay_" + "A" * 32, "ref_" + "0" * 32, "0" * 32, "pay_" + "0" * 33, "null", "undefined"),
    *("pay_" + "\u0663" * 32, "pay_0198c5a0-b1c2-7d3e-8f00-112233445566", "pay_" + "0" * 32 + " ", "1 or 1=1"),
]


async def test_the_whole_story_of_a_payment_is_told_in_sentences(shop: Shop) -> None:
    payment_id = (await shop.paid(amount=1234, currency="KWD", capture_mode="manual"))["id"]
    await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000, "final": True})
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 5})

    payment = await shop.payment(payment_id)

    told = [(line["event"], line["description"]) for line in payment["timeline"]]
    assert told == [
        ("payment.created", "The payment was accepted; 1.234 KWD is held as pending."),
        ("payment.attempt_started", "Attempt 1 is being sent to sandbox."),
        ("payment.authorized", "The provider reserved 1.234 KWD; no money has moved yet."),
        ("payment.capture_started", "A capture of 1.000 KWD is being sent."),
        ("payment.captured", "1.000 KWD was captured and booked; the remaining 0.234 KWD is released."),
        ("refund.created", "A refund of 0.005 KWD is being sent; it is held against what we owe."),
        ("refund.succeeded", "0.005 KWD went back to the customer and is booked."),
    ]
    times = [line["at"] for line in payment["timeline"]]
    assert times == sorted(times)
    assert all(line["id"].startswith("evt_") for line in payment["timeline"])


async def test_every_call_to_the_provider_is_told(shop: Shop) -> None:
    payment_id = (await shop.paid(amount=500, capture_mode="manual"))["id"]
    await shop.post(f"/v1/payments/{payment_id}/capture")
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 100})

    attempt = (await shop.payment(payment_id))["attempts"][0]

    assert (attempt["number"], attempt["state"], attempt["provider"]) == (1, "succeeded", "sandbox")
    assert attempt["provider_reference"].startswith("ch_")
    calls = [(one["kind"], one["state"], one["amount"], one["next_query_at"]) for one in attempt["operations"]]
    assert calls == [
        ("authorize", "succeeded", 500, None),
        ("capture", "succeeded", 500, None),
        ("refund", "succeeded", 100, None),
    ]


async def test_the_entries_of_every_transaction_sum_to_zero(shop: Shop) -> None:
    payment_id = (await shop.paid(amount=700))["id"]
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 300})
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 400})

    entries = (await shop.payment(payment_id))["entries"]

    sums: dict[str, int] = {}
    for entry in entries:
        sign = 1 if entry["direction"] == "debit" else -1
        sums[entry["transaction_id"]] = sums.get(entry["transaction_id"], 0) + sign * entry["amount"]
        assert entry["id"].startswith(f"{entry['transaction_id']}_")
        assert (entry["payment_id"], entry["currency"]) == (payment_id, "EUR")
        assert (entry["refund_id"] is not None) == (entry["kind"] == "refund")
    assert list(sums.values()) == [0, 0, 0]
    assert [entry["kind"] for entry in entries] == ["capture"] * 2 + ["refund"] * 4


async def test_an_unknown_outcome_is_told_as_money_at_risk(shop: Shop, service: Service) -> None:
    payment = await shop.payment((await shop.paid("tok_cut", amount=1000))["id"])

    last = payment["timeline"][-1]
    operation = payment["attempts"][0]["operations"][0]
    assert last["event"] == "payment.outcome_unknown"
    assert "10.00 EUR is at risk" in last["description"]
    assert (operation["state"], operation["queries"]) == ("unknown", 0)
    assert operation["next_query_at"] is not None

    await service.resolve(shop.tenant_id, operation["id"])

    settled = await shop.payment(payment["id"])
    assert (settled["state"], settled["money_state"]) == ("succeeded", "moved")
    assert settled["timeline"][-1]["description"] == "10.00 EUR was captured and booked."


@pytest.mark.parametrize("payment_id", UNKNOWN_IDS)
async def test_what_is_no_payment_of_ours_is_not_found(visitor: Shop, payment_id: str) -> None:
    answer = await visitor.get(f"/v1/payments/{quote(payment_id)}")

    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert answer.json()["money_state"] == "none"


@pytest.mark.parametrize("action", ["capture", "cancel", "refunds"])
async def test_nothing_is_done_to_what_is_no_payment_of_ours(visitor: Shop, action: str) -> None:
    answers = [await visitor.post(f"/v1/payments/{quote(one)}/{action}") for one in UNKNOWN_IDS]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "NOT_FOUND")}


async def test_a_payment_is_told_as_of_one_moment_while_it_changes(shop: Shop) -> None:
    for _ in range(8):
        payment_id = (await shop.paid(capture_mode="manual"))["id"]
        capture = asyncio.create_task(shop.post(f"/v1/payments/{payment_id}/capture"))
        while not capture.done():
            for payment in await asyncio.gather(*(shop.payment(payment_id) for _ in range(4))):
                booked = sum(entry["amount"] for entry in payment["entries"] if entry["direction"] == "debit")
                events = [line["event"] for line in payment["timeline"]]
                assert payment["amount_captured"] == booked
                assert (payment["state"] == "succeeded") == ("payment.captured" in events)
