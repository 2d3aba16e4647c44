"""Trouble on the wire: what the merchant sees of it, and what is in the books all the same."""

import asyncio
from typing import Any

import pytest

from tests.entrypoints.simulator.merchant import API_KEY, Merchant, Receiver, eventually, new_charge

CHARGES = "/v1/charges"


async def raw_of(merchant: Merchant, path: str) -> bytes:
    """Ask once, and read what comes until the connection ends, byte for byte."""
    host, _, port = merchant.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    ask = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {API_KEY}\r\nConnection: close\r\n\r\n"
    writer.write(ask.encode())
    try:
        return await reader.read()
    finally:
        writer.close()


async def plan(merchant: Merchant, **changes: object) -> None:
    answer = await merchant.post("/control/faults", {"seed": 1, **changes})
    assert answer.status == 200, answer


async def tally(merchant: Merchant) -> Any:
    return (await merchant.get("/control/faults")).json["tally"]


async def test_answer_is_cut_at_each_of_its_bytes(merchant: Merchant) -> None:
    await merchant.charged(key="k")
    await merchant.post("/control/wire", {"on": "look_up", "kind": "cut", "after_bytes": 10_000})
    whole = await raw_of(merchant, "/v1/operations/k")
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\n" + (await merchant.operation("k")).raw)

    for after in range(len(whole)):
        await merchant.post("/control/wire", {"on": "look_up", "kind": "cut", "after_bytes": after})
        assert await raw_of(merchant, "/v1/operations/k") == whole[:after]


async def test_answer_that_is_reset_comes_as_far_as_it_was_ordered(merchant: Merchant) -> None:
    await merchant.post("/control/wire", {"on": "authorize", "kind": "reset", "after_bytes": 20})

    assert await merchant.seen(CHARGES, new_charge(), "k") == "cut"
    assert await merchant.is_in("succeeded", "k")


async def test_answer_that_drips_is_whole_in_the_end(merchant: Merchant) -> None:
    await merchant.charged(key="k")
    await merchant.post("/control/wire", {"on": "look_up", "kind": "drip", "seconds": 0})

    raw = await raw_of(merchant, "/v1/operations/k")

    assert raw.partition(b"\r\n\r\n")[2] == (await merchant.operation("k")).raw


async def test_delay_comes_before_the_answer_and_after_the_effect(merchant: Merchant) -> None:
    await merchant.post("/control/wire", {"on": "authorize", "kind": "delay", "seconds": 600})

    waiting = asyncio.create_task(merchant.charge(key="k"))
    await eventually(lambda: merchant.is_in("succeeded", "k"))

    assert not waiting.done()
    waiting.cancel()


async def test_orders_for_the_wire_can_be_taken_back_and_are_for_one_kind(merchant: Merchant) -> None:
    await merchant.post("/control/wire", {"on": "refund", "kind": "cut", "count": 5})
    await merchant.post("/control/wire", {"on": "authorize", "kind": "cut", "count": 5})
    await merchant.post("/control/wire", {"on": "refund", "kind": "cut", "count": 0})

    assert await merchant.seen(CHARGES, new_charge(), "k") == "cut"
    charge = (await merchant.operation("k")).json["charge"]
    assert (await merchant.post(f"{CHARGES}/{charge['id']}/refunds", {"amount": 1})).status == 422
    assert (await merchant.post("/control/wire", {"on": "everything", "kind": "cut"})).status == 422


@pytest.mark.parametrize(
    ("mishap", "saw", "effect"),
    [
        ("cut_before", "cut", False),
        ("hang_before", "silence", False),
        ("error_before", "500 internal_error", False),
        ("error_after", "500 internal_error", True),
        ("garbage", "200 garbage", True),
        ("cut", "cut", True),
        ("reset", "cut", True),
        ("hang", "silence", True),
    ],
)
async def test_planned_mishap_hits_what_the_plan_is_for(
    merchant: Merchant, mishap: str, saw: str, *, effect: bool
) -> None:
    await plan(merchant, rates={mishap: 1}, on=["authorize"])

    assert await merchant.seen(CHARGES, new_charge(), "k") == saw

    assert (await merchant.operation("k")).status == (200 if effect else 404)
    assert await tally(merchant) == {mishap: 1}
    await plan(merchant)
    assert (await merchant.charge(key="k")).status == 201


async def test_plan_is_the_same_under_the_same_seed(merchant: Merchant) -> None:
    rates = {"cut_before": 0.2, "error_before": 0.2, "error_after": 0.2, "garbage": 0.2}
    seen: list[list[str]] = []
    for _ in range(2):
        await plan(merchant, rates=rates, on=["authorize"])
        seen.append([await merchant.seen(CHARGES, new_charge(), f"{number}-{len(seen)}") for number in range(20)])

    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 3


async def test_hidden_limit_refuses_with_retry_after_and_without_effect(merchant: Merchant) -> None:
    await plan(merchant, limit={"per_second": 0.1, "burst": 2}, on=["authorize"])

    statuses = [(await merchant.charge(key=f"k{number}")).status for number in range(4)]
    async with merchant.session.post(
        merchant.url + CHARGES, json=new_charge(), headers={"Idempotency-Key": "k9"}
    ) as last:
        wait = int(last.headers["Retry-After"])

    assert statuses == [201, 201, 429, 429]
    assert 1 <= wait <= 10
    assert len((await merchant.get("/v1/books?account=acct_1")).json["lines"]) == 2


@pytest.mark.parametrize(("refuses", "saw"), [(True, "503 garbage"), (False, "cut")])
async def test_outage_reaches_every_dialect_but_not_the_doors_for_tests(
    merchant: Merchant, saw: str, *, refuses: bool
) -> None:
    await plan(merchant, outages=[{"begins": 0, "ends": 3600, "refuses": refuses}])

    assert await merchant.seen(CHARGES, new_charge(), "k") == saw
    assert await merchant.seen("/khalti/api/v2/epayment/lookup/", {"pidx": "x"}, "k") == saw
    assert (await merchant.get("/v1/health")).status == 200
    await plan(merchant)
    assert (await merchant.charge(key="k")).status == 201


async def test_wallets_are_troubled_in_their_own_words(merchant: Merchant) -> None:
    await plan(merchant, rates={"error_before": 1}, on=["khalti.lookup"])
    async with merchant.session.post(f"{merchant.url}/khalti/api/v2/epayment/lookup/") as answer:
        failed = (answer.status, await answer.json())
    await plan(merchant, limit={"per_second": 1, "burst": 1}, on=["esewa.status"])
    statuses = []
    for _ in range(2):
        async with merchant.session.get(f"{merchant.url}/esewa/api/epay/transaction/status/") as answer:
            statuses.append(answer.status)

    assert failed == (500, {"detail": "A server error occurred."})
    assert statuses == [200, 429]


async def test_look_up_lags_behind_the_callbacks(merchant: Merchant, receiver: Receiver) -> None:
    await plan(merchant, lag_seconds=600)
    await merchant.charged(key="k", callback_url=receiver.url)
    await receiver.wait_for(1)

    lagging = await merchant.operation("k")
    await plan(merchant)

    assert (lagging.status, lagging.json["error"]["code"]) == (404, "operation_not_found")
    assert (await merchant.operation("k")).status == 200


async def test_missing_callback_never_comes_by_itself_and_can_be_sent_by_order(
    merchant: Merchant, receiver: Receiver
) -> None:
    await plan(merchant, callbacks={"missing": 1})
    charge = await merchant.charged(callback_url=receiver.url)
    await eventually_counted(merchant, "callback.missing", 1)

    before = len(receiver.taken)
    await merchant.post(f"{CHARGES.replace('v1', 'control')}/{charge['id']}/callbacks")

    assert (before, len(receiver.taken)) == (0, 1)


async def test_callback_comes_twice_with_the_same_body(merchant: Merchant, receiver: Receiver) -> None:
    await plan(merchant, callbacks={"twice": 1})
    await merchant.charged(callback_url=receiver.url)

    first, second = (await receiver.wait_for(2))[:2]

    assert first.raw == second.raw


@pytest.mark.parametrize("fate", ["late", "swapped"])
async def test_callback_that_is_put_off_comes_after_all(merchant: Merchant, receiver: Receiver, fate: str) -> None:
    await plan(merchant, callbacks={fate: 1}, late_seconds=0.2)
    charge = await merchant.charged(callback_url=receiver.url)
    await eventually_counted(merchant, f"callback.{fate}", 1)
    await plan(merchant)
    await merchant.post(f"{CHARGES}/{charge['id']}/capture", {"amount": 1000, "final": True})

    types = [callback.json["type"] for callback in await receiver.wait_for(2)]

    assert types == ["charge.captured", "charge.authorized"]


async def test_late_callback_comes_by_itself_and_is_late_once(merchant: Merchant, receiver: Receiver) -> None:
    await plan(merchant, callbacks={"late": 1}, late_seconds=0.05)
    await merchant.charged(callback_url=receiver.url)

    await receiver.wait_for(1)

    assert (await tally(merchant))["callback.late"] == 1


async def test_callback_that_drifts_is_signed_and_says_what_is_not_so(merchant: Merchant, receiver: Receiver) -> None:
    await plan(merchant, callbacks={"drift": 1})
    await merchant.charged(key="k", callback_url=receiver.url)

    [callback] = await receiver.wait_for(1)

    assert callback.signature is not None
    assert callback.json["charge"]["status"] == "captured"
    assert (await merchant.operation("k")).json["charge"]["status"] == "authorized"


async def eventually_counted(merchant: Merchant, what: str, count: int) -> None:
    async def counted() -> bool:
        return bool((await tally(merchant)).get(what, 0) >= count)

    await eventually(counted)
