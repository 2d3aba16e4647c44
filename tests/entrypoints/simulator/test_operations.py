"""What the gateway does with money: authorize, capture, void, refund, look up, keep books."""

import aiohttp
import pytest

from tests.entrypoints.simulator.merchant import Merchant, eventually, new_charge


async def test_authorization_holds_the_amount_and_takes_nothing(merchant: Merchant) -> None:
    charge = await merchant.charged(amount=1250, currency="KWD", reference="order 7")

    assert charge["id"].startswith("ch_")
    assert charge["status"] == "authorized"
    assert (charge["amount"], charge["currency"]) == (1250, "KWD")
    assert (charge["authorized"], charge["captured"], charge["refunded"], charge["released"]) == (1250, 0, 0, 0)
    assert (charge["account"], charge["payment"], charge["reference"]) == ("acct_1", "pay_1", "order 7")
    assert (charge["decline"], charge["action_url"], charge["sequence"]) == (None, None, 1)


async def test_authorization_with_capture_takes_everything(merchant: Merchant) -> None:
    charge = await merchant.charged(capture=True)

    assert (charge["status"], charge["authorized"], charge["captured"]) == ("captured", 1000, 1000)


@pytest.mark.parametrize(
    ("source", "code", "kind"),
    [("tok_declined", "insufficient_funds", "soft"), ("tok_declined_hard", "stolen_card", "hard")],
)
async def test_decline_answers_402_and_is_found_again(merchant: Merchant, source: str, code: str, kind: str) -> None:
    answer = await merchant.charge(source, key="k")

    assert answer.status == 402
    assert (answer.json["error"]["code"], answer.json["error"]["kind"]) == (code, kind)
    assert answer.json["charge"]["status"] == "declined"
    assert answer.json["charge"]["decline"] == {"code": code, "kind": kind}
    found = (await merchant.operation("k")).json
    assert (found["state"], found["code"], found["decline_kind"]) == ("declined", code, kind)


async def test_partial_captures_add_up_and_the_final_one_releases_the_rest(merchant: Merchant) -> None:
    charge = await merchant.charged()
    path = f"/v1/charges/{charge['id']}"

    first = await merchant.post(f"{path}/capture", {"amount": 300, "final": False})
    between = (await merchant.get(path)).json
    second = await merchant.post(f"{path}/capture", {"amount": 200, "final": True})
    after = (await merchant.get(path)).json

    assert (first.status, first.json["amount"], first.json["status"]) == (201, 300, "succeeded")
    assert (between["status"], between["captured"], between["released"]) == ("authorized", 300, 0)
    assert (second.json["amount"], second.json["charge"]) == (200, charge["id"])
    assert (after["status"], after["captured"], after["released"]) == ("captured", 500, 500)
    assert after["sequence"] == 3


async def test_capture_is_refused_beyond_the_authorization(merchant: Merchant) -> None:
    charge = await merchant.charged()
    path = f"/v1/charges/{charge['id']}/capture"
    await merchant.post(path, {"amount": 900, "final": False})

    refused = await merchant.post(path, {"amount": 101, "final": False}, key="too-much")

    assert (refused.status, refused.json["error"]["code"]) == (422, "amount_exceeds_authorization")
    found = (await merchant.operation("too-much")).json
    assert (found["state"], found["decline_kind"]) == ("failed", "invalid")
    assert (await merchant.get(f"/v1/charges/{charge['id']}")).json["captured"] == 900


async def test_void_releases_what_is_not_captured(merchant: Merchant) -> None:
    untouched, partly = await merchant.charged(), await merchant.charged()
    await merchant.post(f"/v1/charges/{partly['id']}/capture", {"amount": 400, "final": False})

    whole = await merchant.post(f"/v1/charges/{untouched['id']}/void")
    rest = await merchant.post(f"/v1/charges/{partly['id']}/void")
    again = await merchant.post(f"/v1/charges/{untouched['id']}/void")

    assert (whole.json["amount"], rest.json["amount"]) == (1000, 600)
    assert (await merchant.get(f"/v1/charges/{untouched['id']}")).json["status"] == "voided"
    assert (await merchant.get(f"/v1/charges/{partly['id']}")).json["status"] == "captured"
    assert (again.status, again.json["error"]["code"]) == (422, "charge_not_voidable")


async def test_refunds_go_up_to_the_capture_and_not_beyond(merchant: Merchant) -> None:
    charge = await merchant.charged(capture=True)
    path = f"/v1/charges/{charge['id']}/refunds"

    first = await merchant.post(path, {"amount": 600})
    beyond = await merchant.post(path, {"amount": 401})
    second = await merchant.post(path, {"amount": 400})
    nothing = await merchant.post(path, {"amount": 1})

    assert (first.status, first.json["status"], first.json["amount"]) == (201, "succeeded", 600)
    assert first.json["id"].startswith("re_")
    assert (beyond.status, beyond.json["error"]["code"]) == (422, "amount_exceeds_capture")
    assert (second.status, nothing.status) == (201, 422)
    assert (await merchant.get(f"/v1/charges/{charge['id']}")).json["refunded"] == 1000


async def test_refund_is_refused_before_a_capture(merchant: Merchant) -> None:
    charge = await merchant.charged()

    refused = await merchant.post(f"/v1/charges/{charge['id']}/refunds", {"amount": 1})

    assert (refused.status, refused.json["error"]["code"]) == (422, "charge_not_refundable")


async def test_later_operations_are_declined_where_the_token_says_so(merchant: Merchant) -> None:
    uncaptured = await merchant.charged("tok_capture_declined")
    captured = await merchant.charged("tok_refund_declined", capture=True)

    capture = await merchant.post(f"/v1/charges/{uncaptured['id']}/capture", {"amount": 10, "final": True}, key="c")
    refund = await merchant.post(f"/v1/charges/{captured['id']}/refunds", {"amount": 10}, key="r")

    assert (capture.status, capture.json["error"]["code"]) == (402, "capture_declined")
    assert (refund.status, refund.json["error"]["code"]) == (402, "refund_declined")
    assert refund.json["refund"]["status"] == "failed"
    assert [(await merchant.operation(key)).json["state"] for key in "cr"] == ["declined", "declined"]
    assert (await merchant.get(f"/v1/charges/{uncaptured['id']}")).json["status"] == "authorized"
    assert (await merchant.get(f"/v1/charges/{captured['id']}")).json["refunded"] == 0


@pytest.mark.parametrize(
    ("approve", "capture", "status", "state"),
    [
        (True, False, "authorized", "succeeded"),
        (True, True, "captured", "succeeded"),
        (False, True, "declined", "declined"),
    ],
)
async def test_customers_step_ends_the_authorization(
    merchant: Merchant, *, approve: bool, capture: bool, status: str, state: str
) -> None:
    charge = await merchant.charged("tok_action", key="k", capture=capture)
    assert (charge["status"], charge["authorized"]) == ("requires_action", 0)
    assert charge["action_url"].startswith(f"{merchant.url}/actions/")
    assert (await merchant.operation("k")).json["state"] == "requires_action"

    ended = await merchant.post(f"/control/charges/{charge['id']}/complete_action", {"approve": approve})

    assert (ended.json["status"], ended.json["action_url"]) == (status, None)
    assert (await merchant.operation("k")).json["state"] == state
    again = await merchant.post(f"/control/charges/{charge['id']}/complete_action", {"approve": approve})
    assert (again.status, again.json["error"]["code"]) == (409, "state_conflict")


async def test_page_of_the_customers_step_approves_without_a_key_and_leads_back(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_action", return_url="https://shop.example/thanks")

    async with aiohttp.ClientSession() as browser:
        async with browser.get(charge["action_url"]) as page:
            assert "1000 EUR" in await page.text()
        async with browser.post(charge["action_url"], data={"approve": "yes"}, allow_redirects=False) as back:
            assert (back.status, back.headers["Location"]) == (303, "https://shop.example/thanks")

    assert (await merchant.get(f"/v1/charges/{charge['id']}")).json["status"] == "authorized"


async def test_void_of_a_charge_that_waits_for_its_customer_ends_the_authorization(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_action", key="k")

    voided = await merchant.post(f"/v1/charges/{charge['id']}/void")

    assert (voided.status, voided.json["amount"]) == (201, 1000)
    found = (await merchant.operation("k")).json
    assert (found["state"], found["code"], found["charge"]["status"]) == ("failed", "voided", "voided")


async def test_pending_charge_settles_by_itself(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_pending", key="k", capture=True)
    assert charge["status"] == "pending"

    await eventually(lambda: merchant.is_in("succeeded", "k"))

    found = (await merchant.operation("k")).json
    assert (found["state"], found["charge"]["status"], found["charge"]["captured"]) == ("succeeded", "captured", 1000)


async def test_pending_charge_can_be_ended_by_hand_and_stays_so(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_pending", key="k")

    ended = await merchant.post(f"/control/charges/{charge['id']}/settle", {"approve": False})
    await _after_every_delay(merchant)

    assert ended.json["status"] == "declined"
    assert (await merchant.operation("k")).json["state"] == "declined"


async def test_pending_refund_is_promised_first_and_paid_later(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_refund_pending", capture=True)
    path = f"/v1/charges/{charge['id']}/refunds"

    promised = await merchant.post(path, {"amount": 700}, key="k")
    beyond = await merchant.post(path, {"amount": 301})
    before = (await merchant.get(f"/v1/charges/{charge['id']}")).json["refunded"]
    await _after_every_delay(merchant)

    assert (promised.status, promised.json["status"], before) == (201, "pending", 0)
    assert beyond.status == 422
    found = (await merchant.operation("k")).json
    assert (found["state"], found["refund"]["status"], found["charge"]["refunded"]) == ("succeeded", "succeeded", 700)


async def test_wrong_amount_is_taken_and_said_everywhere(merchant: Merchant) -> None:
    charge = await merchant.charged("tok_wrong_amount", key="k", capture=True, amount=500)

    assert (charge["amount"], charge["captured"]) == (501, 501)
    assert (await merchant.operation("k")).json["amount"] == 501
    assert (await merchant.get("/v1/books?account=acct_1")).json["lines"][0]["captured"] == 501


async def test_authorization_is_found_with_its_own_amount_after_later_operations(merchant: Merchant) -> None:
    charge = await merchant.charged(key="k")
    await merchant.post(f"/v1/charges/{charge['id']}/capture", {"amount": 100, "final": True})

    found = (await merchant.operation("k")).json

    assert (found["key"], found["kind"], found["state"], found["amount"]) == ("k", "authorize", "succeeded", 1000)
    assert found["charge"]["captured"] == 100


async def test_books_come_in_pages_in_the_order_of_the_charges(merchant: Merchant) -> None:
    made = [await merchant.charged(capture=True, payment=f"pay_{n}", account="acct_books") for n in range(5)]
    await merchant.charged(account="acct_other")
    await merchant.post(f"/v1/charges/{made[0]['id']}/refunds", {"amount": 250})

    first = (await merchant.get("/v1/books?account=acct_books&limit=2")).json
    await merchant.charged(account="acct_books", payment="pay_5")
    second = (await merchant.get(f"/v1/books?account=acct_books&limit=2&after={first['next']}")).json
    third = (await merchant.get(f"/v1/books?account=acct_books&limit=2&after={second['next']}")).json

    lines = first["lines"] + second["lines"] + third["lines"]
    assert [line["payment"] for line in lines] == [f"pay_{n}" for n in range(6)]
    assert third["next"] is None
    assert lines[0] == {
        "charge": made[0]["id"],
        "payment": "pay_0",
        "currency": "EUR",
        "captured": 1000,
        "refunded": 250,
    }


async def test_unknown_things_are_not_found(merchant: Merchant) -> None:
    charge = await merchant.get("/v1/charges/ch_none")
    operation = await merchant.operation("never-used")
    capture = await merchant.post("/v1/charges/ch_none/capture", {"amount": 1, "final": True}, key="k")

    assert (charge.status, charge.json["error"]["code"]) == (404, "charge_not_found")
    assert (operation.status, operation.json["error"]["code"]) == (404, "operation_not_found")
    assert (capture.status, capture.json["error"]["code"]) == (404, "charge_not_found")
    assert (await merchant.operation("k")).status == 404


async def test_text_that_looks_like_null_stays_text(merchant: Merchant) -> None:
    charge = await merchant.charged(reference="null", payment="null")

    shown = (await merchant.get(f"/v1/charges/{charge['id']}")).json

    assert (shown["reference"], shown["payment"]) == ("null", "null")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic sk_test_merchant", "Bearer \xff"])
async def test_wrong_credential_is_refused(merchant: Merchant, header: str) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": header}) as stranger,
        stranger.post(f"{merchant.url}/v1/charges", json=new_charge()) as answer,
    ):
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "unauthorized"


async def test_health_needs_no_credential(merchant: Merchant) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(f"{merchant.url}/v1/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def _after_every_delay(merchant: Merchant) -> None:
    """Wait until a charge that was made pending just now has settled, so that every earlier one has had its turn."""
    await merchant.charged("tok_pending", key="the-last")
    await eventually(lambda: merchant.is_in("succeeded", "the-last"))
