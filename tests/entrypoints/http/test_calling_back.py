"""`POST /v1/callbacks/…`: what is signed is kept once, and what is not teaches its sender nothing."""

import asyncio
import time
from typing import Any

import asyncpg
import msgspec
import pytest

from application.callbacks.apply_callback import ApplyCallback, ApplyCallbackHandler
from application.hearing import Effect
from application.ports.callbacks import CallbackFilter, CallbackQueries
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.gateway_callbacks import event, signature
from tests.entrypoints.http.service import Service, system_call
from tests.entrypoints.http.shop import JSON, Shop
from tests.entrypoints.simulator.merchant import Merchant

NOBODY = f"pac_{'0' * 32}"


async def send(
    shop: Shop, raw: bytes, signed: str | None, *, account: str | None = None, name: str = "sandbox"
) -> Answer:
    headers = [JSON, *([] if signed is None else [("sandbox-signature", signed)])]
    return await shop.line("POST", f"/v1/callbacks/{name}/{account or shop.account}", raw, headers)


async def kept(owner_url: str, shop: Shop) -> list[tuple[Any, ...]]:
    """Give what is in the inbox of a tenant, with how often it came, and how it stands."""
    connection = await asyncpg.connect(owner_url)
    sql = "select seen_count, raw, state, detail from fm.callbacks where tenant_id = $1 order by id"
    rows = await connection.fetch(sql, shop.tenant_id)
    await connection.close()
    return [tuple(row) for row in rows]


async def apply(service: Service, shop: Shop) -> tuple[Effect, ...]:
    """React to what was sent last."""
    queries, handler = await service.worker.get(CallbackQueries), await service.worker.get(ApplyCallbackHandler)
    [newest] = await queries.page(shop.tenant_id, CallbackFilter(), before=None, limit=1)
    return await handler(ApplyCallback(newest.id), system_call(shop.tenant_id))


async def test_an_authentic_callback_is_kept_as_it_came(shop: Shop, owner_url: str) -> None:
    raw = b'{ "type" : "charge.captured", "id":"evt_7", "operation_key":"opn_1", "more": [1.0, "\\u00e9"] }\n'

    answer = await send(shop, raw, signature(raw))

    assert (answer.status, answer.body) == (204, b"")
    assert await kept(owner_url, shop) == [(1, raw, "received", None)]


async def test_a_callback_settles_its_payment(shop: Shop, service: Service, sandbox: Merchant) -> None:
    payment = await shop.payment((await shop.paid("tok_action"))["id"])
    charge, operation = payment["attempts"][0]["provider_reference"], payment["attempts"][0]["operations"][0]["id"]
    await sandbox.post(f"/control/charges/{charge}/complete_action", {"approve": True})
    raw = event(operation_key=operation, charge={"id": charge})

    await send(shop, raw, signature(raw))
    await apply(service, shop)

    settled = await shop.payment(payment["id"])
    assert (settled["state"], settled["amount_captured"]) == ("succeeded", 1000)


async def test_a_callback_that_lies_changes_nothing(shop: Shop, service: Service) -> None:
    payment = await shop.payment((await shop.paid("tok_action"))["id"])
    charge, operation = payment["attempts"][0]["provider_reference"], payment["attempts"][0]["operations"][0]["id"]
    raw = event(operation_key=operation, charge={"id": charge, "status": "captured", "captured": 1_000_000})

    await send(shop, raw, signature(raw))
    await apply(service, shop)

    assert (await shop.payment(payment["id"]))["state"] == "requires_action"


async def test_the_same_callback_again_is_answered_alike_and_counted(shop: Shop, owner_url: str) -> None:
    raw = event()

    answers = [await send(shop, raw, signature(raw, at=time.time() - ago)) for ago in (0, 1, 2)]
    at_once = await asyncio.gather(*(send(shop, event("evt_2"), signature(event("evt_2"))) for _ in range(20)))

    assert {answer.status for answer in (*answers, *at_once)} == {204}
    assert [row[0] for row in await kept(owner_url, shop)] == [3, 20]


RAW = event("evt_forged")
SIGNED = signature(RAW)
HEX = SIGNED.rpartition("=")[2]
FORGED: dict[str, str | None] = {
    "nothing": None,
    "an empty text": "",
    "the digest alone": HEX,
    "no time": f"v1={HEX}",
    "no digest": SIGNED.partition(",")[0],
    "an empty digest": SIGNED.removesuffix(HEX),
    "half of the digest": SIGNED[:-32],
    "the digest in capitals": SIGNED.replace(HEX, HEX.upper()),
    "a space": f" {SIGNED} ,",
    "another version": SIGNED.replace("v1=", "v0="),
    "another secret": signature(RAW, secret="whsec_another"),
    "an empty secret": signature(RAW, secret=""),
    "another body": signature(event("evt_other")),
    "a time that was not signed": SIGNED.replace("t=1", "t=2", 1),
    "an hour ago": signature(RAW, at=time.time() - 3_600),
    "in an hour": signature(RAW, at=time.time() + 3_600),
    "long ago": signature(RAW, at=0),
    "a time without end": f"t={'9' * 400},v1={HEX}",
    "a negative time": f"t=-1,v1={HEX}",
    "other digits": SIGNED.replace("t=1", "t=\u0661".encode().decode("latin-1"), 1),
    "too many digests": SIGNED + f",v1={HEX}" * 9,
}


@pytest.mark.parametrize("signed", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_signature_is_refused_and_leaves_nothing(
    visitor: Shop, owner_url: str, signed: str | None
) -> None:
    answer = await send(visitor, RAW, signed)

    assert (answer.status, answer.code) == (401, "CALLBACK_REFUSED")
    assert answer.json()["money_state"] == "none"
    assert await kept(owner_url, visitor) == []


@pytest.mark.parametrize(("position", "new"), [(0, b"["), (8, b"E"), (-1, b" ")])
async def test_one_changed_byte_makes_it_a_forgery(visitor: Shop, position: int, new: bytes) -> None:
    changed = bytearray(RAW)
    changed[position : position + 1 or None] = new

    assert (await send(visitor, bytes(changed), SIGNED)).status == 401


async def test_a_digest_among_several_will_do(shop: Shop) -> None:
    raw = event()
    time_, _, digest = signature(raw).partition(",v1=")

    assert (await send(shop, raw, f"{time_},v1={'0' * 64},v1={digest}")).status == 204


async def test_who_signs_badly_does_not_learn_which_accounts_there_are(visitor: Shop) -> None:
    answers = [
        await send(visitor, RAW, "t=1,v1=0"),
        await send(visitor, RAW, "t=1,v1=0", account=NOBODY),
        await send(visitor, RAW, "t=1,v1=0", account="pac_x"),
        await send(visitor, RAW, "t=1,v1=0", account="x" * 300),
        await send(visitor, RAW, "t=1,v1=0", name="nobody"),
    ]

    told = {tuple((name, one.json()[name]) for name in ("status", "code", "title", "detail")) for one in answers}
    assert len(told) == 1, told


async def test_a_signed_callback_for_an_account_that_there_is_not_is_refused(visitor: Shop) -> None:
    answer = await send(visitor, RAW, signature(RAW), account=NOBODY)

    assert (answer.status, answer.code) == (401, "CALLBACK_REFUSED")


UNREADABLE = {
    "no body": b"",
    "no JSON": b"hello",
    "cut off": RAW[:-1],
    "invalid UTF-8": b'{"id": "evt_\xff", "type": "a"}',
    "an array": b"[]",
    "no id": b'{"type": "a"}',
    "an empty id": b'{"id": "", "type": "a"}',
    "a long id": event("e" * 256),
    "an id with a NUL": b'{"id": "evt_\\u0000", "type": "a"}',
    "an id that is a number": b'{"id": 1, "type": "a"}',
    "a kind with a NUL": b'{"id": "evt_1", "type": "a\\u0000"}',
    "an operation with a NUL": b'{"id": "evt_1", "type": "a", "operation_key": "a\\u0000"}',
    "an operation with a lone surrogate": b'{"id": "evt_1", "type": "a", "operation_key": "\\ud800"}',
    "60,000 brackets": b"[" * 60_000,
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_authentic_callback_that_cannot_be_read_is_kept_for_a_person(
    shop: Shop, service: Service, owner_url: str, raw: bytes
) -> None:
    answer = await send(shop, raw, signature(raw))
    effects = await apply(service, shop)

    [(count, found, state, detail)] = await kept(owner_url, shop)
    assert (answer.status, effects, count, found, state) == (204, (), 1, raw, "unreadable")
    assert detail


@pytest.mark.parametrize("length", [200, 201, 255])
async def test_every_id_that_the_provider_may_give_is_kept(shop: Shop, service: Service, length: int) -> None:
    raw = event("e" * length)

    answer = await send(shop, raw, signature(raw))
    await apply(service, shop)

    [row] = (await shop.get("/v1/callbacks")).json()["data"]
    shown = (await shop.get(f"/v1/callbacks/{row['id']}")).json()
    assert answer.status == 204
    assert [one["provider_event_id"] for one in shown["events"]] == ["e" * length]


async def test_a_callback_that_is_too_large_is_refused_unread(visitor: Shop) -> None:
    raw = event(more="x" * 1_048_576)

    answer = await send(visitor, raw, signature(raw))

    assert (answer.status, answer.code) == (413, "REQUEST_TOO_LARGE")


async def test_a_credential_that_came_along_is_not_kept(shop: Shop, owner_url: str) -> None:
    raw = event()
    headers = [
        JSON,
        ("sandbox-signature", signature(raw)),
        ("authorization", f"Bearer {shop.api_key}"),
        ("cookie", "c"),
    ]
    await shop.line("POST", f"/v1/callbacks/sandbox/{shop.account}", raw, [*headers, ("x-odd", "\u00e9\u00ff")])

    connection = await asyncpg.connect(owner_url)
    found = await connection.fetchval("select headers from fm.callbacks where tenant_id = $1", shop.tenant_id)
    await connection.close()

    assert msgspec.json.decode(found).keys() >= {"sandbox-signature", "content-type", "x-odd"}
    assert shop.api_key not in found
    assert "cookie" not in found


async def test_a_callback_for_one_tenant_cannot_touch_the_operation_of_another(
    shop: Shop, other_shop: Shop, service: Service, sandbox: Merchant
) -> None:
    theirs = await other_shop.payment((await other_shop.paid("tok_action"))["id"])
    charge, operation = theirs["attempts"][0]["provider_reference"], theirs["attempts"][0]["operations"][0]["id"]
    await sandbox.post(f"/control/charges/{charge}/complete_action", {"approve": True})
    raw = event(operation_key=operation, charge={"id": charge})

    answer = await send(shop, raw, signature(raw))
    touched = await apply(service, shop)

    assert (answer.status, touched) == (204, ())
    assert await other_shop.payment(theirs["id"]) == theirs
