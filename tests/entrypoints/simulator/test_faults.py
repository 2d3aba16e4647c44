"""How the gateway misbehaves: what the merchant sees, and what is in the books all the same."""

import pytest

from entrypoints.simulator.tokens import TOKENS
from tests.entrypoints.simulator.merchant import Merchant, eventually, new_charge


@pytest.mark.parametrize(
    ("source", "saw"),
    [
        ("tok_timeout", "silence"),
        ("tok_cut", "cut"),
        ("tok_garbage", "200 garbage"),
        ("tok_error_after", "500 internal_error"),
    ],
)
async def test_effect_is_taken_once_though_the_answer_fails(merchant: Merchant, source: str, saw: str) -> None:
    first = await merchant.seen("/v1/charges", new_charge(source), "k")
    found = await merchant.operation("k")
    again = await merchant.charge(source, key="k")

    assert first == saw
    assert (found.status, found.json["state"]) == (200, "succeeded")
    assert (again.status, again.replayed, again.json["id"]) == (201, True, found.json["charge"]["id"])
    assert len((await merchant.get("/v1/books?account=acct_1")).json["lines"]) == 1


@pytest.mark.parametrize(("source", "saw"), [("tok_drop", "cut"), ("tok_error_before", "500 internal_error")])
async def test_no_effect_is_taken_however_often_it_is_tried(merchant: Merchant, source: str, saw: str) -> None:
    tries = [await merchant.seen("/v1/charges", new_charge(source), "k") for _ in range(2)]

    assert tries == [saw, saw]
    assert (await merchant.operation("k")).json["error"]["code"] == "operation_not_found"
    assert (await merchant.get("/v1/books?account=acct_1")).json["lines"] == []


@pytest.mark.parametrize(
    ("source", "path", "body", "saw", "figure"),
    [
        ("tok_capture_cut", "capture", {"amount": 400, "final": False}, "cut", "captured"),
        ("tok_void_cut", "void", {}, "cut", "released"),
        ("tok_refund_cut", "refunds", {"amount": 400}, "cut", "refunded"),
        ("tok_refund_timeout", "refunds", {"amount": 400}, "silence", "refunded"),
    ],
)
async def test_later_operation_takes_effect_once_though_its_answer_fails(
    merchant: Merchant, source: str, path: str, body: object, *, saw: str, figure: str
) -> None:
    charge = await merchant.charged(source, capture=path == "refunds")
    address = f"/v1/charges/{charge['id']}"

    first = await merchant.seen(f"{address}/{path}", body, "k")
    state = (await merchant.operation("k")).json["state"]
    again = await merchant.post(f"{address}/{path}", body, key="k")

    assert (first, state) == (saw, "succeeded")
    assert (again.status, again.replayed) == (201, True)
    assert (await merchant.get(address)).json[figure] == again.json["amount"]


async def test_late_effect_is_invisible_until_it_lands_and_lands_once(merchant: Merchant) -> None:
    body = new_charge("tok_late")
    first = await merchant.seen("/v1/charges", body, "k")
    at_once = await merchant.operation("k")
    second = await merchant.seen("/v1/charges", body, "k")
    other = await merchant.charge("tok_late", key="k", amount=7)

    await eventually(lambda: merchant.is_in("succeeded", "k"))

    found = await merchant.operation("k")
    assert (first, second, at_once.status, other.status) == ("cut", "cut", 404, 409)
    assert (found.json["state"], found.json["amount"]) == ("succeeded", 1000)
    assert (await merchant.charge("tok_late", key="k")).replayed
    assert len((await merchant.get("/v1/books?account=acct_1")).json["lines"]) == 1


@pytest.mark.parametrize(
    ("kind", "saw", "effect"),
    [
        ("rate_limit", "429 rate_limited", False),
        ("error_before", "500 internal_error", False),
        ("cut_before", "cut", False),
        ("error_after", "500 internal_error", True),
        ("garbage", "200 garbage", True),
    ],
)
async def test_ordered_fault_hits_the_next_request_of_its_kind_only(
    merchant: Merchant, kind: str, saw: str, *, effect: bool
) -> None:
    await merchant.post("/control/faults", {"kind": kind, "on": "authorize", "count": 1})

    first = await merchant.seen("/v1/charges", new_charge(), "k")
    taken = (await merchant.operation("k")).status == 200
    second = await merchant.seen("/v1/charges", new_charge(), "other")

    assert (first, taken, second) == (saw, effect, "201 ok")


async def test_ordered_fault_hits_look_ups_and_books(merchant: Merchant) -> None:
    await merchant.charged(key="k")
    await merchant.post("/control/faults", {"kind": "error_before", "on": "look_up", "count": 1})
    await merchant.post("/control/faults", {"kind": "garbage", "on": "books", "count": 5})
    await merchant.post("/control/faults", {"kind": "garbage", "on": "books", "count": 0})

    assert [(await merchant.operation("k")).status for _ in range(2)] == [500, 200]
    assert (await merchant.get("/v1/books?account=acct_1")).json["next"] is None


def test_every_token_of_the_manual_is_known() -> None:
    named = "success declined declined_hard action pending timeout cut drop garbage error_after error_before late"
    later = (
        "wrong_amount capture_cut capture_declined void_cut refund_cut refund_timeout refund_declined refund_pending"
    )

    assert set(TOKENS) == {f"tok_{word}" for word in f"{named} {later}".split()}
