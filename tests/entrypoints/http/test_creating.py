"""`POST /v1/payments`: each of a provider's outcomes has its status, its body and its trace in the books."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from entrypoints.simulator.main import running
from tests.entrypoints.http.service import Service, serving, settings_for
from tests.entrypoints.http.shop import Shop, new_key
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET, Merchant
from tests.fakes.stores import Database

SERVER_OWNED = (
    *("id", "tenant_id", "state", "status", "money_state", "version", "created_at", "updated_at"),
    *("amount_captured", "amount_refunded", "amount_authorized", "captured_minor", "provider_account_id", "fee"),
    *("action_url", "failure_code", "balance", "hold_id", "capture"),
)


async def test_a_payment_that_is_taken_at_once_answers_201_with_its_whole_state(shop: Shop) -> None:
    answer = await shop.pay("tok_success", amount=1234, reference="order 7", description="Tea", metadata={"a": "b"})

    payment = answer.json()
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == f"/v1/payments/{payment['id']}"
    assert "idempotency-replayed" not in answer.headers
    times = {payment.pop("created_at")[-1], payment.pop("updated_at")[-1]}
    assert times == {"Z"}
    assert payment.pop("id").startswith("pay_")
    assert payment == {
        "state": "succeeded",
        "money_state": "moved",
        "amount": 1234,
        "currency": "EUR",
        "amount_authorized": 1234,
        "amount_capturable": 0,
        "amount_captured": 1234,
        "amount_refunded": 0,
        "amount_refundable": 1234,
        "capture_mode": "automatic",
        "provider": "sandbox",
        "reference": "order 7",
        "description": "Tea",
        "metadata": {"a": "b"},
        "return_url": None,
        "action_url": None,
        "next_action": None,
        "failure_code": None,
        "failure_message": None,
        "version": 2,
    }


async def test_a_manual_payment_is_only_reserved(shop: Shop) -> None:
    answer = await shop.pay("tok_success", amount=500, capture_mode="manual")

    payment = answer.json()
    amounts = {name: payment[name] for name in ("amount_authorized", "amount_capturable", "amount_captured")}
    assert (answer.status, payment["state"], payment["money_state"]) == (201, "authorized", "held")
    assert amounts == {"amount_authorized": 500, "amount_capturable": 500, "amount_captured": 0}


@pytest.mark.parametrize("currency", ["JPY", "EUR", "NPR", "KWD", "CLF"])
async def test_minor_units_reach_the_provider_and_the_books_unchanged(
    shop: Shop, sandbox: Merchant, currency: str
) -> None:
    payment = await shop.paid(amount=1005, currency=currency)

    books = (await sandbox.get(f"/v1/books?account={shop.account}")).json["lines"]
    entries = (await shop.payment(payment["id"]))["entries"]
    assert [(line["captured"], line["currency"]) for line in books] == [(1005, currency)]
    assert [(entry["amount"], entry["currency"]) for entry in entries] == [(1005, currency)] * 2


@pytest.mark.parametrize(
    ("token", "state", "money"),
    [
        ("tok_action", "requires_action", "held"),
        ("tok_pending", "processing", "held"),
        ("tok_cut", "processing", "unknown"),
        ("tok_drop", "processing", "unknown"),
        ("tok_late", "processing", "unknown"),
        ("tok_garbage", "processing", "unknown"),
        ("tok_error_after", "processing", "unknown"),
        ("tok_error_before", "processing", "unknown"),
        ("tok_timeout", "processing", "unknown"),
        ("tok_wrong_amount", "needs_review", "unknown"),
    ],
)
async def test_an_outcome_that_is_open_answers_202_and_says_what_is_known(
    shop: Shop, token: str, state: str, money: str
) -> None:
    answer = await shop.pay(token)

    payment = answer.json()
    assert (answer.status, payment["state"], payment["money_state"]) == (202, state, money)
    assert "location" not in answer.headers
    assert (payment["action_url"] is not None) == (token == "tok_action")
    assert payment["amount_captured"] == 0


@pytest.mark.parametrize(
    ("token", "status", "code", "said", "failover"),
    [
        ("tok_declined", 402, "PROV_DECLINED_SOFT", "insufficient_funds", True),
        ("tok_declined_hard", 402, "PROV_DECLINED_HARD", "stolen_card", False),
        ("tok_nonsense", 422, "PROV_REFUSED", "source_unknown", False),
    ],
)
async def test_a_refusal_is_a_problem_that_names_the_payment_and_moved_nothing(
    shop: Shop, token: str, status: int, code: str, said: str, *, failover: bool
) -> None:
    answer = await shop.pay(token)

    problem = answer.json()
    assert (answer.status, answer.code) == (status, code)
    assert (problem["status"], problem["type"], problem["money_state"]) == (status, f"/problems/{code}", "none")
    assert (problem["retryable"], problem["safe_to_failover"]) == (False, failover)
    assert (problem["provider"]["id"], problem["provider"]["code"]) == ("sandbox", said)
    payment = await shop.payment(problem["instance"].removeprefix("/v1/payments/"))
    assert (payment["state"], payment["failure_code"], payment["entries"]) == ("failed", said, [])


async def test_a_payment_of_an_action_succeeds_when_the_customer_has_done_it(
    service: Service, shop: Shop, sandbox: Merchant
) -> None:
    payment = await shop.paid("tok_action", return_url="https://shop.example.com/back?order=7")
    attempt = (await shop.payment(payment["id"]))["attempts"][0]

    await sandbox.post(f"/control/charges/{attempt['provider_reference']}/complete_action", {"approve": True})
    await service.resolve(shop.tenant_id, attempt["operations"][0]["id"])

    settled = await shop.payment(payment["id"])
    assert (settled["state"], settled["money_state"], settled["action_url"]) == ("succeeded", "moved", None)
    assert settled["return_url"] == "https://shop.example.com/back?order=7"


async def test_a_provider_that_is_down_answers_503_and_the_same_key_tries_the_same_payment_again(
    database: Database, tmp_path: Path, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with serving(settings_for(database, sandbox_url=url)) as service:
        shop, key = await service.open_shop(), new_key()

        down = [await shop.pay(key=key, reference="r") for _ in range(2)]
        waiting = (await shop.all("/v1/payments"))[0]
        books = {"data_file": tmp_path / "b.sqlite", "api_key": API_KEY, "callback_secret": CALLBACK_SECRET}
        async with running(host="127.0.0.1", port=unused_tcp_port, **books):  # type: ignore[arg-type]  # as named
            taken = await shop.pay(key=key, reference="r")
            replayed = await shop.pay(key=key, reference="r")
            proof = await service.prove(shop.tenant_id)

        for answer in down:
            problem = answer.json()
            assert (answer.status, answer.code) == (503, "PROV_UNREACHABLE")
            assert answer.headers["retry-after"] == "1" == str(problem["retry_after"])
            assert (problem["money_state"], problem["retryable"], problem["safe_to_failover"]) == ("none", True, True)
            assert problem["instance"] == f"/v1/payments/{waiting['id']}"
            assert "idempotency-replayed" not in answer.headers
        assert waiting["state"] == "created"
        assert (taken.status, taken.json()["id"], taken.json()["state"]) == (201, waiting["id"], "succeeded")
        assert (replayed.body, replayed.headers["idempotency-replayed"]) == (taken.body, "true")
        whole = await shop.payment(waiting["id"])
        assert [attempt["state"] for attempt in whole["attempts"]] == ["not_sent", "not_sent", "succeeded"]
        assert len(await shop.all("/v1/payments")) == 1
        assert proof.holds, proof


@pytest.mark.parametrize("provider", ["nobody", "SANDBOX", "sandbox ", "'; drop table fm.payments; --"])
async def test_a_provider_that_is_not_connected_is_refused_and_leaves_nothing(shop: Shop, provider: str) -> None:
    answer = await shop.pay(provider=provider)

    assert (answer.status, answer.code) == (422, "ROUTE_NO_PROVIDER")
    assert await shop.all("/v1/payments") == []


async def test_the_provider_may_be_named(shop: Shop) -> None:
    assert (await shop.paid(provider="sandbox"))["provider"] == "sandbox"


async def test_a_tenant_without_a_provider_is_told_so(database: Database) -> None:
    async with serving(settings_for(database)) as service:
        answer = await (await service.open_shop()).pay()

    assert (answer.status, answer.code) == (422, "ROUTE_NO_PROVIDER")


@pytest.mark.parametrize("name", SERVER_OWNED)
async def test_what_the_service_owns_cannot_be_sent(visitor: Shop, name: str) -> None:
    sent: dict[str, Any] = {name: 1}
    answer = await visitor.pay(**sent)

    assert (answer.status, answer.code) == (422, "VAL_FIELD")
    assert answer.json()["errors"] == [{"pointer": f"/{name}", "detail": "is not a known field"}]


async def test_an_account_that_would_overflow_refuses_the_payment_and_keeps_nothing(shop: Shop, owner_url: str) -> None:
    await shop.paid(amount=1)
    await _book_as_if(owner_url, shop, posted=9_000_000_000_000_000_000 - 10)
    key = new_key()

    refused = [await shop.pay(key=key, amount=11) for _ in range(2)]
    taken = await shop.pay(key=key, amount=11, currency="JPY")

    assert [(answer.status, answer.code) for answer in refused] == [(422, "LEDGER_OVERFLOW")] * 2
    assert taken.status == 201
    assert [payment["amount"] for payment in await shop.all("/v1/payments")] == [11, 1]


async def test_the_largest_amount_is_taken_and_shown_exactly(shop: Shop) -> None:
    payment = await shop.paid(amount=2**53 - 1)

    balances = await shop.all("/v1/ledger/balances")
    assert payment["amount"] == payment["amount_captured"] == 2**53 - 1
    assert {balance["posted"] for balance in balances} == {2**53 - 1}


async def test_a_balance_beyond_what_json_readers_keep_exact_is_written_as_text(shop: Shop) -> None:
    for _ in range(2):
        await shop.paid(amount=2**53 - 1)

    balances = await shop.all("/v1/ledger/balances")
    assert {balance["posted"] for balance in balances} == {str(2 * (2**53 - 1))}


async def test_twins_with_keys_of_their_own_are_two_payments(shop: Shop) -> None:
    twins = [await shop.pay(reference="same"), await shop.pay(reference="same")]

    assert len({answer.json()["id"] for answer in twins}) == 2
    assert len(await shop.all("/v1/payments", reference="same")) == 2


async def test_a_payment_says_nothing_of_its_payment_method(shop: Shop) -> None:
    payment = await shop.paid("tok_success")

    whole = await shop.get(f"/v1/payments/{payment['id']}")
    assert b"tok_success" not in whole.body


async def _book_as_if(owner_url: str, shop: Shop, *, posted: int) -> None:
    """Stand for the years of bookings after which an account is nearly full."""
    connection = await asyncpg.connect(owner_url)
    try:
        sql = "update fm.ledger_accounts set posted_debits = $2, posted_credits = $2 where tenant_id = $1"
        await connection.execute(sql, shop.tenant_id, posted)
    finally:
        await connection.close()
