"""How the gateway tells of changes: signed, promptly, again until taken, and badly on demand."""

import hashlib
import hmac
import time

import pytest

from tests.entrypoints.simulator.merchant import CALLBACK_SECRET, Callback, Merchant, Receiver, eventually, new_charge


def is_signed(callback: Callback, secret: str = CALLBACK_SECRET) -> bool:
    time_part, signature = (callback.signature or "").split(",")
    signed = time_part.removeprefix("t=").encode() + b"." + callback.raw
    return signature == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def test_change_is_told_promptly_and_signed(merchant: Merchant, receiver: Receiver) -> None:
    began = time.monotonic()
    charge = await merchant.charged(key="k", capture=True, callback_url=receiver.url)
    [callback] = await receiver.wait_for(1)

    assert time.monotonic() - began < 2
    assert is_signed(callback)
    assert abs(int((callback.signature or "t=0,")[2:].split(",")[0]) - time.time()) < 5
    event = callback.json
    assert event["id"].startswith("evt_")
    assert (event["type"], event["operation_key"], event["sequence"]) == ("charge.captured", "k", 1)
    assert (event["charge"], event["refund"]) == (charge, None)


async def test_later_operations_call_where_the_charge_said(merchant: Merchant, receiver: Receiver) -> None:
    charge = await merchant.charged(callback_url=receiver.url)
    await receiver.wait_for(1)
    for count, (path, body) in enumerate(
        [
            ("capture", {"amount": 300, "final": False}),
            ("refunds", {"amount": 100}),
            ("void", {}),
        ],
        start=2,
    ):
        await merchant.post(f"/v1/charges/{charge['id']}/{path}", body, key=f"k{count}")
        await receiver.wait_for(count)

    events = [callback.json for callback in receiver.taken]
    assert [event["type"] for event in events] == [
        "charge.authorized",
        "charge.partially_captured",
        "refund.succeeded",
        "charge.voided",
    ]
    assert [event["sequence"] for event in events] == [1, 2, 3, 4]
    assert [event["operation_key"] for event in events][1:] == ["k2", "k3", "k4"]
    assert events[2]["refund"]["amount"] == 100


@pytest.mark.parametrize(
    ("source", "saw", "told"),
    [
        ("tok_declined", "402 insufficient_funds", "charge.declined"),
        ("tok_timeout", "silence", "charge.authorized"),
        ("tok_cut", "cut", "charge.authorized"),
        ("tok_late", "cut", "charge.authorized"),
        ("tok_garbage", "200 garbage", "charge.authorized"),
        ("tok_error_after", "500 internal_error", "charge.authorized"),
    ],
)
async def test_change_is_told_whatever_the_answer_was(
    merchant: Merchant, receiver: Receiver, source: str, saw: str, told: str
) -> None:
    answer = await merchant.seen("/v1/charges", new_charge(source, callback_url=receiver.url), "k")

    [callback] = await receiver.wait_for(1)

    assert (answer, callback.json["type"], callback.json["operation_key"]) == (saw, told, "k")


async def test_end_of_a_customers_step_and_of_a_pending_charge_is_told(merchant: Merchant, receiver: Receiver) -> None:
    waiting = await merchant.charged("tok_action", key="k", callback_url=receiver.url)
    await receiver.wait_for(1)
    await merchant.post(f"/control/charges/{waiting['id']}/complete_action", {"approve": True})
    await receiver.wait_for(2)
    await merchant.charged("tok_pending", callback_url=receiver.url)
    await receiver.wait_for(4)

    events = [callback.json for callback in receiver.taken]
    types = [event["type"] for event in events]
    assert types == ["charge.requires_action", "charge.authorized", "charge.pending", "charge.authorized"]
    assert events[1]["operation_key"] == "k"


async def test_callback_that_is_not_taken_is_sent_again_the_same(merchant: Merchant, receiver: Receiver) -> None:
    receiver.statuses = [500, 404, 302]

    await merchant.charged(callback_url=receiver.url)
    taken = await receiver.wait_for(4)

    assert len({callback.raw for callback in taken}) == 1
    assert all(is_signed(callback) for callback in taken)


async def test_tries_are_bounded_and_redirects_are_not_followed(merchant: Merchant, receiver: Receiver) -> None:
    receiver.statuses = [302] * 50
    await merchant.charged(callback_url=receiver.url)
    await receiver.wait_for(5)

    receiver.statuses = []
    await merchant.charged(callback_url=receiver.url, payment="pay_after")
    await eventually(lambda: receiver.taken[-1].json["charge"]["payment"] == "pay_after")

    assert len(receiver.taken) == 6


async def test_silent_receiver_holds_nothing_up(merchant: Merchant, receiver: Receiver) -> None:
    receiver.silent = True
    began = time.monotonic()

    for _ in range(40):
        await merchant.charged(callback_url=receiver.url)

    assert time.monotonic() - began < 5


async def test_unreachable_receiver_does_no_harm(merchant: Merchant) -> None:
    charge = await merchant.charged(callback_url="http://127.0.0.1:1/nobody")

    repeated = await merchant.post(f"/control/charges/{charge['id']}/callbacks", {"order": "same", "times": 2})

    assert repeated.json == {"statuses": [0, 0]}


@pytest.mark.parametrize("order", ["same", "reversed"])
async def test_callbacks_are_sent_again_duplicated_and_in_any_order(
    merchant: Merchant, receiver: Receiver, order: str
) -> None:
    charge = await merchant.charged(callback_url=receiver.url)
    await receiver.wait_for(1)
    await merchant.post(f"/v1/charges/{charge['id']}/capture", {"amount": 1000, "final": True})
    first = [callback.json["id"] for callback in await receiver.wait_for(2)]
    receiver.statuses = [200, 500, 200, 401]

    repeated = await merchant.post(f"/control/charges/{charge['id']}/callbacks", {"order": order, "times": 2})

    expected = first if order == "same" else first[::-1]
    assert repeated.json == {"statuses": [200, 500, 200, 401]}
    assert [callback.json["id"] for callback in receiver.taken[2:]] == expected * 2
    assert all(is_signed(callback) for callback in receiver.taken)


@pytest.mark.parametrize("flaw", ["foreign_key", "unsigned", "stale", "altered"])
async def test_forged_callback_looks_right_but_is_not_authentic(
    merchant: Merchant, receiver: Receiver, flaw: str
) -> None:
    charge = await merchant.charged(callback_url=receiver.url)
    [genuine] = list(await receiver.wait_for(1))
    receiver.statuses = [401]

    answer = await merchant.post("/control/callbacks/forge", {"charge": charge["id"], "flaw": flaw})

    forged = receiver.taken[1]
    assert answer.json == {"status": 401}
    assert forged.json["id"] != genuine.json["id"]
    assert forged.json["charge"]["id"] == charge["id"]
    authentic = forged.signature is not None and is_signed(forged)
    recent = forged.signature is not None and int(forged.signature[2:].split(",")[0]) > time.time() - 300
    assert not (authentic and recent)


async def test_forged_callback_goes_to_another_url_when_one_is_given(merchant: Merchant, receiver: Receiver) -> None:
    charge = await merchant.charged(callback_url="http://127.0.0.1:1/nobody")

    answer = await merchant.post("/control/callbacks/forge", {"charge": charge["id"], "url": receiver.url})

    assert answer.json == {"status": 204}
    assert not is_signed(receiver.taken[0])
