"""Who may ask: whoever holds a key that is whole and not revoked, on every route that is not public."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest
from litestar import Litestar

from adapters.security.api_keys import HmacApiKeys
from entrypoints.http.auth import require_api_key
from entrypoints.http.callers import REMEMBERED_SECONDS
from tests.entrypoints.http.edge.asking import Header
from tests.entrypoints.http.routes import operations
from tests.entrypoints.http.service import SECRET_KEY, Service
from tests.entrypoints.http.shop import Shop

PUBLIC = {
    *("GET /problems", "GET /problems/{code}", "GET /health/live", "GET /health/ready"),
    *(f"{method} /v1/callbacks/{{provider}}/{{account_id}}" for method in ("GET", "POST", "PUT")),
}
NAMES = {
    "name": "sandbox",
    "provider_account_id": f"pac_{'0' * 32}",
    "account_id": f"acc_{'0' * 32}",
    **{
        f"{name}_id": f"any_{'0' * 32}"
        for name in ("payment", "payout", "beneficiary", "callback", "transfer", "hold", "limit", "monitor", "quote")
    },
}


def spoilt(key: str) -> dict[str, list[Header]]:
    """Give every way to send no valid key."""
    stranger = HmacApiKeys(SECRET_KEY).mint()[0]
    other = "b" if key[12] != "b" else "c"
    credentials = {
        "nothing after the word": "Bearer",
        "an empty key": "Bearer ",
        "the key alone": key,
        "another scheme": f"Basic {key}",
        "a scheme with a colon": f"Bearer: {key}",
        "two keys": f"Bearer {key} {key}",
        "a list": f"Bearer {key}, Bearer {key}",
        "a mistyped key": f"Bearer {key[:12]}{other}{key[13:]}",
        "a cut key": f"Bearer {key[:-1]}",
        "a longer key": f"Bearer {key}0",
        "the key in lower case": f"Bearer {key.lower()}",
        "the key in upper case": f"Bearer {key.upper()}",
        "a test key": f"Bearer {key.replace('fmk_live_', 'fmk_test_')}",
        "a well-formed key of nobody": f"Bearer {stranger}",
        "a key of 201 characters": f"Bearer {'x' * 201}",
        "other letters": "Bearer schl\u00fcssel",
        "a wildcard": "Bearer %",
        "a quoted key": f'Bearer "{key}"',
    }
    return {
        "no header": [],
        "another header": [("x-api-key", key)],
        "a cookie": [("cookie", f"authorization=Bearer {key}")],
        **{name: [("authorization", value)] for name, value in credentials.items()},
    }


@pytest.mark.parametrize("way", spoilt("fmk_live_" + "a" * 38))
async def test_no_route_that_is_not_public_answers_without_a_valid_key(shop: Shop, way: str) -> None:
    asked = [one for one in await operations(shop) if not one.is_public]

    for operation in asked:
        target = operation.filled(NAMES)
        answer = await shop.line(operation.method, target, b"", spoilt(shop.api_key)[way])

        assert (answer.status, answer.code) == (401, "AUTH_INVALID"), (operation, answer)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["money_state"] == "none"
    assert len(asked) >= 9


async def test_a_key_in_the_address_is_no_credential(shop: Shop) -> None:
    for name in ("api_key", "access_token", "authorization", "key"):
        answer = await shop.line("GET", f"/v1/payments?{name}={shop.api_key}", b"", [])

        assert answer.status == 401


async def test_a_revoked_key_opens_nothing_any_more(shop: Shop, owner_url: str) -> None:
    asked = [one for one in await operations(shop) if not one.is_public]
    before = await shop.get("/v1/payments")
    connection = await asyncpg.connect(owner_url)
    await connection.execute("update fm.api_keys set revoked_at = now() where tenant_id = $1", shop.tenant_id)
    await connection.close()
    deadline = time.monotonic() + REMEMBERED_SECONDS
    while (await shop.get("/v1/payments")).status == 200:
        assert time.monotonic() < deadline + 0.5
        await asyncio.sleep(0.05)

    answers = [
        await shop.line(one.method, one.filled(NAMES), b"", [("authorization", f"Bearer {shop.api_key}")])
        for one in asked
    ]

    assert before.status == 200
    assert {(answer.status, answer.code) for answer in answers} == {(401, "AUTH_INVALID")}


@pytest.mark.parametrize("written", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"])
async def test_the_scheme_may_be_written_in_any_case(shop: Shop, written: str) -> None:
    answer = await shop.line("GET", "/v1/payments", b"", [("authorization", written.format(shop.api_key))])

    assert answer.status == 200


async def test_the_answer_does_not_say_what_was_wrong_with_a_key(shop: Shop) -> None:
    ways = ("a mistyped key", "a cut key", "a well-formed key of nobody", "the key in lower case")
    answers = [await shop.line("GET", "/v1/payments", b"", spoilt(shop.api_key)[way]) for way in ways]

    told = {
        tuple(sorted((name, value) for name, value in one.json().items() if name != "request_id")) for one in answers
    }
    assert len(told) == 1


async def test_the_public_routes_are_these_and_no_other(shop: Shop) -> None:
    told = await operations(shop)

    assert {str(one) for one in told if one.is_public} == PUBLIC


async def test_every_route_that_the_document_leaves_out_is_public_on_purpose_or_guarded(service: Service) -> None:
    undocumented: set[str] = set()
    for route in _framework(service.app).routes:
        for handler in getattr(route, "route_handlers", ()):
            assert require_api_key in handler.resolve_guards(), handler
            if handler.opt.get("public") and not handler.resolve_include_in_schema():
                undocumented.add(route.path)

    pages = {"", "/openapi.json", "/assets/scalar.js", "/{path:str}"}
    assert undocumented == {f"/api/docs{page}" for page in pages}


def _framework(app: Any) -> Litestar:
    while not isinstance(app, Litestar):
        app = app._app
    return app
