"""The `Idempotency-Key`: one key, one effect, one answer, whoever repeats it however often."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from domain.providers import Instruction, OperationKind
from tests.entrypoints.http.service import Service, serving, settings_for
from tests.entrypoints.http.shop import InProcess, Shop, new_key, new_payment
from tests.entrypoints.simulator.merchant import Merchant
from tests.fakes.providers import ScriptedProvider
from tests.fakes.stores import Database

PAYMENTS = "/v1/payments"
REPLAYED = "idempotency-replayed"
KEPT = ("content-type", "content-length", "location")
ROUTES = (PAYMENTS, *(f"{PAYMENTS}/pay_{'0' * 32}/{action}" for action in ("capture", "cancel", "refunds")))


@pytest.mark.parametrize(
    ("token", "status"),
    [
        *[("tok_success", 201), ("tok_action", 202), ("tok_cut", 202), ("tok_wrong_amount", 202)],
        *[("tok_declined", 402), ("tok_declined_hard", 402), ("tok_nonsense", 422)],
    ],
)
async def test_the_first_answer_is_given_again_byte_for_byte(shop: Shop, token: str, status: int) -> None:
    key = new_key()
    first, *again = [await shop.pay(token, key=key, reference="r") for _ in range(3)]

    assert first.status == status
    assert REPLAYED not in first.headers
    for answer in again:
        assert (answer.status, answer.body, answer.headers[REPLAYED]) == (status, first.body, "true")
        assert {name: answer.headers.get(name) for name in KEPT} == {name: first.headers.get(name) for name in KEPT}
        assert answer.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(await shop.all(PAYMENTS, reference="r")) == 1


@pytest.mark.parametrize(
    ("action", "mode", "status"), [("capture", "manual", 200), ("cancel", "manual", 200), ("refunds", "automatic", 201)]
)
async def test_an_action_that_could_not_be_done_twice_is_answered_again(
    shop: Shop, action: str, mode: str, status: int
) -> None:
    path, key = f"{PAYMENTS}/{(await shop.paid(capture_mode=mode))['id']}/{action}", new_key()

    first, again = [await shop.post(path, key=key) for _ in range(2)]
    another = await shop.post(path)

    assert (first.status, again.status, again.body) == (status, status, first.body)
    assert again.headers[REPLAYED] == "true"
    assert another.status in {409, 422}


async def test_the_first_answer_is_given_again_also_after_the_payment_has_moved_on(
    shop: Shop, service: Service
) -> None:
    key = new_key()
    first = await shop.pay("tok_cut", key=key)
    payment = await shop.payment(first.json()["id"])
    await service.resolve(shop.tenant_id, payment["attempts"][0]["operations"][0]["id"])

    again = await shop.pay("tok_cut", key=key)

    assert (again.status, again.body) == (202, first.body)
    assert (await shop.payment(payment["id"]))["state"] == "succeeded"


@pytest.mark.parametrize(
    "other",
    [
        msgspec.json.encode(new_payment(amount=1001)),
        msgspec.json.encode(new_payment(currency="USD")),
        msgspec.json.encode(new_payment(reference="r")),
        msgspec.json.encode(dict(reversed(new_payment().items()))),
        b" " + msgspec.json.encode(new_payment()),
        msgspec.json.encode(new_payment()) + b"\n",
    ],
)
async def test_the_same_key_with_other_bytes_is_refused_and_does_nothing(shop: Shop, other: bytes) -> None:
    key = new_key()
    first = await shop.pay(key=key)

    refused = [await shop.post_raw(PAYMENTS, other, key=key) for _ in range(2)]
    again = await shop.pay(key=key)

    assert [(answer.status, answer.code) for answer in refused] == [(422, "IDEM_MISMATCH")] * 2
    assert all(REPLAYED not in answer.headers for answer in refused)
    assert again.body == first.body
    assert len(await shop.all(PAYMENTS)) == 1


async def test_the_same_key_for_another_payment_is_refused(shop: Shop) -> None:
    one, other = [(await shop.paid(capture_mode="manual"))["id"] for _ in range(2)]
    key = new_key()
    await shop.post(f"{PAYMENTS}/{one}/capture", key=key)

    refused = await shop.post(f"{PAYMENTS}/{other}/capture", key=key)

    assert (refused.status, refused.code) == (422, "IDEM_MISMATCH")
    assert (await shop.payment(other))["amount_captured"] == 0


async def test_each_route_has_keys_of_its_own(shop: Shop) -> None:
    key = new_key()
    payment_id = (await shop.pay(key=key, capture_mode="manual")).json()["id"]

    captured = await shop.post(f"{PAYMENTS}/{payment_id}/capture", {"amount": 600}, key=key)
    cancelled = await shop.post(f"{PAYMENTS}/{payment_id}/cancel", {}, key=key)
    refunded = await shop.post(f"{PAYMENTS}/{payment_id}/refunds", {"amount": 1}, key=key)

    assert [answer.status for answer in (captured, cancelled, refunded)] == [200, 200, 201]
    assert all(REPLAYED not in answer.headers for answer in (captured, cancelled, refunded))


async def test_each_tenant_has_keys_of_its_own(shop: Shop, other_shop: Shop) -> None:
    key = new_key()

    mine, theirs = await shop.pay(key=key), await other_shop.pay(key=key)

    assert (mine.status, theirs.status) == (201, 201)
    assert REPLAYED not in theirs.headers
    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_credential_that_is_no_longer_valid_reads_no_earlier_answer(
    shop: Shop, database: Database, owner_url: str
) -> None:
    key = new_key()
    first = await shop.pay(key=key)
    connection = await asyncpg.connect(owner_url)
    await connection.execute("update fm.api_keys set revoked_at = now() where tenant_id = $1", shop.tenant_id)
    await connection.close()

    # Another process: this one remembers for five seconds that the key was good (test_callers.py).
    async with serving(settings_for(database)) as other:
        refused = await Shop(InProcess(other.app), shop.tenant_id, shop.api_key, shop.account).pay(key=key)

    assert first.status == 201
    assert (refused.status, refused.code) == (401, "AUTH_INVALID")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        *[[], [("idempotency-key", "")], [("idempotency-key", "x" * 256)], [("idempotency-key", "a b")]],
        *[[("idempotency-key", "\t")], [("idempotency-key", "schl\u00fcssel")], [("idempotency-key", "a\x7f")]],
        *[[("idempotency-key", "\u00e2\u009c\u0093")], [("idempotency-key", "a\nb")], [("idempotency-key", "a\x00")]],
    ],
)
async def test_a_key_that_is_none_is_refused(visitor: Shop, route: str, headers: list[tuple[str, str]]) -> None:
    credential = ("authorization", f"Bearer {visitor.api_key}")
    raw = msgspec.json.encode(new_payment() if route == PAYMENTS else {})

    answer = await visitor.line("POST", route, raw, [credential, ("content-type", "application/json"), *headers])

    assert (answer.status, answer.code) == (400, "IDEM_KEY_REQUIRED")


@pytest.mark.parametrize(
    "key", ["x", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~{}[]();:,<>?/\\|'`^%$#@&*+="]
)
async def test_a_key_of_visible_characters_is_kept_exactly(shop: Shop, key: str) -> None:
    first, again, other = await shop.pay(key=key), await shop.pay(key=key), await shop.pay(key=f"{key[:254]}?")

    assert (first.status, again.body, again.headers[REPLAYED]) == (201, first.body, "true")
    assert (other.status, REPLAYED in other.headers) == (201, False)


async def test_keys_differ_by_case(shop: Shop) -> None:
    lower, upper = await shop.pay(key="order-a"), await shop.pay(key="ORDER-A")

    assert lower.json()["id"] != upper.json()["id"]


async def test_fifty_requests_at_once_with_one_key_make_one_payment_and_one_charge(
    shop: Shop, service: Service, sandbox: Merchant
) -> None:
    key = new_key()

    answers = await asyncio.gather(*(shop.pay(key=key) for _ in range(50)))
    again = await shop.pay(key=key)

    assert {answer.status for answer in answers} <= {201, 409}
    waiting = [answer for answer in answers if answer.status == 409]
    assert {answer.code for answer in waiting} <= {"IDEM_IN_FLIGHT"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in waiting)
    assert {answer.json()["money_state"] for answer in waiting} <= {"unknown"}
    assert {answer.body for answer in answers if answer.status == 201} == {again.body}
    assert sum(answer.status == 201 and REPLAYED not in answer.headers for answer in answers) == 1
    assert len(await shop.all(PAYMENTS)) == 1
    assert len((await sandbox.get(f"/v1/books?account={shop.account}")).json["lines"]) == 1
    assert (await service.prove(shop.tenant_id)).holds


async def test_fifty_refunds_at_once_with_one_key_give_the_money_back_once(shop: Shop, service: Service) -> None:
    payment_id, key = (await shop.paid(amount=1000))["id"], new_key()

    answers = await asyncio.gather(
        *(shop.post(f"{PAYMENTS}/{payment_id}/refunds", {"amount": 10}, key=key) for _ in range(50))
    )

    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body for answer in answers if answer.status == 201}) == 1
    assert (await shop.payment(payment_id))["amount_refunded"] == 10
    assert (await service.prove(shop.tenant_id)).holds


async def test_while_the_first_request_runs_a_second_one_is_told_to_wait(
    scripted_shop: Shop, provider: ScriptedProvider
) -> None:
    key, answers = new_key(), []

    async def ask_again(_: Instruction) -> None:
        provider.before_perform = None
        answers.append(await scripted_shop.pay(key=key))
        answers.append(await scripted_shop.pay(key=key, amount=1))

    provider.before_perform = ask_again
    first = await scripted_shop.pay(key=key)

    waiting, other = answers
    assert (waiting.status, waiting.code, waiting.json()["retryable"]) == (409, "IDEM_IN_FLIGHT", True)
    assert 1 <= int(waiting.headers["retry-after"]) == waiting.json()["retry_after"] <= 5
    assert (other.status, other.code) == (422, "IDEM_MISMATCH")
    assert (first.status, provider.effects(OperationKind.AUTHORIZE)) == (201, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [({"amount": 0}, "VAL_FIELD"), ({"currency": "HRK"}, "VAL_CURRENCY"), ({"provider": "x"}, "ROUTE_NO_PROVIDER")],
)
async def test_a_request_that_was_refused_before_anything_was_done_does_not_use_its_key_up(
    shop: Shop, body: dict[str, Any], code: str
) -> None:
    key = new_key()

    refused, corrected = await shop.pay(key=key, **body), await shop.pay(key=key)

    assert (refused.status, refused.code) == (422, code)
    assert (corrected.status, REPLAYED in corrected.headers) == (201, False)


async def test_a_key_may_be_used_again_after_a_conflict(shop: Shop, service: Service) -> None:
    payment = await shop.payment((await shop.paid("tok_cut", capture_mode="manual"))["id"])
    key = new_key()

    refused = await shop.post(f"{PAYMENTS}/{payment['id']}/capture", key=key)
    await service.resolve(shop.tenant_id, payment["attempts"][0]["operations"][0]["id"])
    captured = await shop.post(f"{PAYMENTS}/{payment['id']}/capture", key=key)

    assert (refused.status, refused.code) == (409, "STATE_CONFLICT")
    assert (captured.status, captured.json()["amount_captured"]) == (200, 1000)


async def test_a_replay_is_counted_where_it_waits_for_what_the_first_answer_waited_for(
    shop: Shop, owner_url: str
) -> None:
    key = new_key()
    for _ in range(3):
        await shop.pay(key=key)

    connection = await asyncpg.connect(owner_url)
    sql = "select seen_count, state from fm.idempotency_records where tenant_id = $1 and key = $2"
    rows = await connection.fetch(sql, shop.tenant_id, key)
    await connection.close()

    assert [tuple(row) for row in rows] == [(3, "done")]
