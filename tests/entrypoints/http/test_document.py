"""The OpenAPI document tells every route, every refusal and every header, and nothing that does not happen."""

import re
from collections.abc import Iterator
from typing import Any

from domain.providers import NotSent, OperationKind
from tests.entrypoints.http.routes import Operation, document, operations
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.providers import ScriptedProvider

ROUTES = {
    "DELETE /v1/ledger/limits/{limit_id}",
    "DELETE /v1/ledger/monitors/{monitor_id}",
    "GET /health/live",
    "GET /health/ready",
    "GET /problems",
    "GET /problems/{code}",
    "GET /v1/holds",
    "GET /v1/fx/exposure",
    "GET /v1/fx/quotes",
    "GET /v1/fx/quotes/{quote_id}",
    "GET /v1/fx/rates",
    "GET /v1/holds/{hold_id}",
    "GET /v1/ledger/accounts",
    "GET /v1/ledger/accounts/{account_id}",
    "GET /v1/ledger/accounts/{account_id}/balance",
    "GET /v1/ledger/accounts/{account_id}/statement",
    "GET /v1/ledger/balances",
    "GET /v1/ledger/entries",
    "GET /v1/ledger/limits",
    "GET /v1/ledger/monitors",
    "GET /v1/beneficiaries",
    "GET /v1/beneficiaries/{beneficiary_id}",
    "POST /v1/beneficiaries",
    "POST /v1/beneficiaries/{beneficiary_id}/archive",
    "GET /v1/payouts",
    "GET /v1/payouts/{payout_id}",
    "POST /v1/payouts",
    "POST /v1/payouts/{payout_id}/approve",
    "POST /v1/payouts/{payout_id}/cancel",
    "POST /v1/payouts/{payout_id}/deny",
    "GET /v1/payments",
    "GET /v1/payments/{payment_id}",
    "GET /v1/payments/{payment_id}/route",
    "GET /v1/provider-accounts/{provider_account_id}/health",
    "GET /v1/provider-accounts",
    "GET /v1/provider-accounts/{provider_account_id}",
    "GET /v1/provider-accounts/{provider_account_id}/diff",
    "GET /v1/provider-accounts/{provider_account_id}/versions",
    "GET /v1/providers",
    "GET /v1/providers/{name}",
    "PATCH /v1/provider-accounts/{provider_account_id}",
    "POST /v1/provider-accounts",
    "POST /v1/provider-accounts/{provider_account_id}/disable",
    "POST /v1/provider-accounts/{provider_account_id}/enable",
    "POST /v1/provider-accounts/{provider_account_id}/rollback",
    "POST /v1/provider-accounts/{provider_account_id}/verify",
    "GET /v1/routing/rules",
    "PUT /v1/provider-accounts/{provider_account_id}/breaker",
    "PUT /v1/routing/rules",
    "POST /v1/routing/rules/rollback",
    "POST /v1/routing/simulate",
    "GET /v1/transfers",
    "GET /v1/transfers/{transfer_id}",
    "PATCH /v1/ledger/accounts/{account_id}",
    "GET /v1/callbacks",
    "GET /v1/callbacks/{callback_id}",
    "GET /v1/callbacks/{provider}/{account_id}",
    "POST /v1/callbacks/{provider}/{account_id}",
    "PUT /v1/callbacks/{provider}/{account_id}",
    "POST /v1/fx/quotes",
    "POST /v1/fx/quotes/{quote_id}/execute",
    "POST /v1/fx/quotes/{quote_id}/release",
    "POST /v1/fx/quotes/{quote_id}/reserve",
    "POST /v1/holds",
    "POST /v1/holds/{hold_id}/post",
    "POST /v1/holds/{hold_id}/release",
    "POST /v1/ledger/accounts",
    "POST /v1/ledger/limits",
    "POST /v1/ledger/monitors",
    "POST /v1/payments",
    "POST /v1/payments/{payment_id}/cancel",
    "POST /v1/payments/{payment_id}/capture",
    "POST /v1/payments/{payment_id}/refunds",
    "POST /v1/transfers",
    "POST /v1/transfers/batch",
    "POST /v1/transfers/{transfer_id}/reverse",
}
"""A route that comes or goes is a change for callers: it is written down here on purpose."""

TELLING_HEADERS = frozenset(
    {
        *("location", "retry-after", "idempotency-replayed", "www-authenticate", "x-request-id"),
        *("ratelimit", "ratelimit-policy"),
    }
)


def codes_of(operation: Operation) -> dict[str, int]:
    """Give every code that the document names for an operation, with its status."""
    return {
        code: int(status)
        for status, response in operation.told["responses"].items()
        for content in response.get("content", {}).values()
        for part in content["schema"].get("allOf", ())
        for code in part.get("properties", {}).get("code", {}).get("enum", ())
    }


async def test_the_routes_are_these(visitor: Shop) -> None:
    assert {str(one) for one in await operations(visitor)} == ROUTES


async def test_every_operation_says_what_it_is_for_who_may_ask_and_how_it_refuses(visitor: Shop) -> None:
    told = await operations(visitor)

    assert len({one.told["operationId"] for one in told}) == len(told)
    for one in told:
        assert one.told["summary"], one
        assert one.told["description"], one
        assert one.told["tags"], one
        assert "default" not in one.told["responses"], one
        assert one.is_public == ("401" not in one.told["responses"]) or "callbacks" in one.path, one
        assert {"400", "500"} <= one.told["responses"].keys(), one
        for status, response in one.told["responses"].items():
            types = set(response.get("content", {}))
            assert types == ({"application/problem+json"} if status >= "4" else types), (str(one), status)
            assert response["description"], (str(one), status)


async def test_every_field_of_a_request_and_an_answer_has_a_type(visitor: Shop) -> None:
    schemas = (await document(visitor))["components"]["schemas"]

    for name, schema in schemas.items():
        for field, shape in schema.get("properties", {}).items():
            assert shape.keys() & {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"}, f"{name}.{field}"
        if name.endswith("In"):
            assert schema["additionalProperties"] is False, name


async def test_the_document_leads_to_nobody_else(visitor: Shop) -> None:
    told = await document(visitor)

    assert told["openapi"].startswith("3.1")
    assert told["servers"] == [{"url": "/"}]
    references = [value for name, value in _members(told) if name == "$ref"]
    assert references
    for reference in references:
        place: Any = told
        assert reference.startswith("#/"), reference
        for step in reference[2:].split("/"):
            place = place[step]


async def test_the_page_of_the_document_asks_nobody_else(visitor: Shop) -> None:
    page = await visitor.line("GET", "/api/docs", b"", [])
    links = re.findall(rb'(?:src|href|data-url)="([^"]*)"', page.body)
    fetched = [link.decode() for link in links if not link.startswith(b"data:")]

    assert page.headers["content-type"].startswith("text/html")
    assert fetched
    for link in fetched:
        assert link.startswith("/api/docs/"), link
        assert (await visitor.line("GET", link, b"", [])).status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


async def test_no_address_of_anybody_else_is_in_the_page(visitor: Shop) -> None:
    page = await visitor.line("GET", "/api/docs", b"", [])

    assert b"://" not in page.body.replace(b"http://www.w3.org/", b"")


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield name, value
            yield from _members(value)
    elif isinstance(node, list):
        for value in node:
            yield from _members(value)


async def test_every_code_of_the_document_is_explained_where_its_type_points_to(visitor: Shop) -> None:
    codes = {code for one in await operations(visitor) for code in codes_of(one)}

    for code in codes:
        answer = await visitor.line("GET", f"/problems/{code}", b"", [])
        assert (answer.status, answer.json()["code"]) == (200, code)


async def test_every_header_that_tells_something_is_in_the_document(
    scripted_shop: Shop, provider: ScriptedProvider
) -> None:
    shop, key = scripted_shop, new_key()
    provider.script(OperationKind.AUTHORIZE, NotSent("refused"))
    path = "/v1/payments"
    answers = [
        (path, await shop.pay(key=key)),
        (path, await shop.pay(key=key)),
        (path, await shop.pay(key=key)),
        (path, await shop.line("POST", path, b"", [])),
        (path, await shop.pay(amount=0)),
    ]
    payment = answers[1][1].json()["id"]
    answers.append((f"{path}/{{payment_id}}/refunds", await shop.post(f"{path}/{payment}/refunds", {"amount": 1})))
    told = {one.path: one for one in await operations(shop) if one.method == "POST"}

    untold = {
        f"{route} {answer.status} {name}"
        for route, answer in answers
        for name in TELLING_HEADERS & answer.headers.keys()
        if name not in {one.lower() for one in told[route].told["responses"][str(answer.status)].get("headers", {})}
    }

    assert [answer.status for _, answer in answers] == [503, 201, 201, 401, 422, 201]
    assert untold == set()
