"""What the service logs can be found by the request and by the tenant, and holds nothing that is a secret."""

import io
import json
from typing import Any

import asyncpg

from domain.providers import NotSent, OperationKind
from tests.entrypoints.http.service import SECRET_KEY
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.providers import ScriptedProvider


def lines(log: io.BytesIO) -> list[Any]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_no_line_holds_a_credential_a_token_or_what_callers_wrote(
    scripted_shop: Shop, provider: ScriptedProvider, log: io.BytesIO
) -> None:
    written = {name: f"canary-{name}" for name in ("reference", "description")}
    provider.script(OperationKind.AUTHORIZE, NotSent("connection refused"))
    for key in ("canary-key-1", "canary-key-2"):
        await scripted_shop.pay("canary_token", key=key, metadata={"canary-name": "canary-value"}, **written)
    payment_id = (await scripted_shop.all("/v1/payments", reference="canary-reference"))[0]["id"]
    await scripted_shop.post(f"/v1/payments/{payment_id}/refunds", {"reason": "canary-reason"})
    await scripted_shop.get("/v1/payments?cursor=canary-cursor")
    await scripted_shop.get("/v1/payments/canary-path")
    await scripted_shop.post_raw("/v1/payments", b'{"canary-field": 1}')
    await scripted_shop.line("GET", "/v1/payments", b"", [("authorization", "Bearer canary-credential")])

    text = log.getvalue().decode()
    assert text.count("request.answered") >= 8
    for secret in ("canary", scripted_shop.api_key, SECRET_KEY):
        assert secret not in text


async def test_every_line_of_a_request_names_it_its_caller_and_its_tenant(scripted_shop: Shop, log: io.BytesIO) -> None:
    answer = await scripted_shop.pay()

    own = [line for line in lines(log) if line["request_id"] == answer.headers["x-request-id"]]
    assert [line["message"] for line in own][-1] == "request.answered"
    assert all(line["user_id"].startswith("prn_") for line in own)
    assert own[-1]["details"]["tenant_id"] == scripted_shop.public_id
    assert (own[-1]["details"]["route"], own[-1]["details"]["status"]) == ("/v1/payments", 201)


async def test_the_id_of_a_request_is_in_the_audit_of_what_it_did(scripted_shop: Shop, owner_url: str) -> None:
    answer = await scripted_shop.post_raw(
        "/v1/payments",
        b'{"amount": 1, "currency": "EUR", "payment_method": "tok_success"}',
        key=new_key(),
        extra=[("x-request-id", "caller.7")],
    )

    connection = await asyncpg.connect(owner_url)
    sql = "select actor, subject from fm.audit_events where tenant_id = $1 and request_id = 'caller.7'"
    found = await connection.fetch(sql, scripted_shop.tenant_id)
    await connection.close()

    assert answer.headers["x-request-id"] == "caller.7"
    assert {row["subject"] for row in found} == {answer.json()["id"]}
    assert all(row["actor"].startswith("prn_") for row in found)
