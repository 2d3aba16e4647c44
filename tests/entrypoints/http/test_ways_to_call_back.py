"""The ways in which providers call back: bodies of any type, PUT, the customer's browser; and what is shown of it."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import pytest

from domain.manifests import CallbackRule, CallbackTransport
from domain.providers import CallbackEvent, OperationKind, Unreadable
from entrypoints.http.callbacks import with_payment
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import Shop
from tests.fakes.providers import SIGNED_HINTS, ProviderSet, ScriptedProvider
from tests.fakes.stores import Database
from tests.fakes.story import ACTION

RETURN_URL = "https://shop.example/back?order=7#thanks"


class Returning(ScriptedProvider):
    """A provider that sends the customer's browser back, unsigned, with a key in the query."""

    def verify_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> None:
        """Let everything pass: it is a hint."""

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read the query."""
        query = dict(parse_qsl(raw.decode()))
        if "key" not in query:
            return Unreadable("no payment is named")
        event = CallbackEvent(
            event_id=raw.decode()[:200],
            kind="returned",
            operation_key=query["key"],
            operation_kind=OperationKind.AUTHORIZE,
        )
        return (event,)


@asynccontextmanager
async def open_shop(database: Database, provider: ScriptedProvider) -> AsyncIterator[Shop]:
    """Open a shop at a service that knows this provider only."""
    async with serving(settings_for(database), TheseProviders(ProviderSet(provider))) as service:
        yield await service.open_shop()


def by(transport: CallbackTransport, *, signature: str | None = "HMAC-SHA256") -> CallbackRule:
    """Callbacks that come by that way."""
    return msgspec.structs.replace(SIGNED_HINTS, transport=transport, signature=signature)


async def send(shop: Shop, method: str, raw: bytes, headers: list[tuple[str, str]]) -> Answer:
    """Call back."""
    return await shop.line(method, f"/v1/callbacks/sandbox/{shop.account}", raw, headers)


async def listed(shop: Shop, **query: object) -> Any:
    """List callbacks."""
    answer = await shop.get("/v1/callbacks", **query)
    assert answer.status == 200, answer
    return answer.json()


@pytest.mark.parametrize(
    ("media_type", "raw"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=%20"),
        ("text/xml; charset=ISO-8859-1", "<a>\u00e9</a>".encode("latin-1")),
        ("text/plain", b"\xff\x00\xfe"),
        (None, b"no type at all"),
    ],
)
async def test_a_body_of_any_type_is_kept_to_the_byte(database: Database, media_type: str | None, raw: bytes) -> None:
    provider = ScriptedProvider()
    async with open_shop(database, provider) as shop:
        headers = [] if media_type is None else [("content-type", media_type)]
        answer = await send(shop, "POST", raw, [*headers, *provider.signed(raw).items()])
        [row] = (await listed(shop))["data"]
        shown = (await shop.get(f"/v1/callbacks/{row['id']}")).json()

    assert (answer.status, answer.body) == (204, b"")
    assert base64.b64decode(shown["raw_base64"]) == raw
    assert shown["headers"].get("content-type") == media_type
    assert (row["state"], row["transport"], row["size_bytes"], row["seen_count"]) == (
        "received",
        "http_post",
        len(raw),
        1,
    )


async def test_a_megabyte_is_taken_in_and_no_more(database: Database) -> None:
    provider = ScriptedProvider()
    async with open_shop(database, provider) as shop:
        answers = []
        for size in (1_048_576, 1_048_577):
            raw = b"x" * size
            answers.append(await send(shop, "POST", raw, list(provider.signed(raw).items())))

    assert [one.status for one in answers] == [204, 413]


@pytest.mark.parametrize("way", ["POST", "PUT", "GET"])
async def test_a_provider_is_heard_only_by_its_own_way(database: Database, way: str) -> None:
    own = {"POST": CallbackTransport.HTTP_POST, "PUT": CallbackTransport.HTTP_PUT, "GET": CallbackTransport.REDIRECT}
    provider = ScriptedProvider(callbacks=by(own[way]))
    async with open_shop(database, provider) as shop:
        told = {}
        for method in own:
            raw = b"" if method == "GET" else b"{}"
            told[method] = (await send(shop, method, raw, list(provider.signed(raw).items()))).status
        refused = (await listed(shop))["refused"]

    assert {method for method, status in told.items() if status < 300} == {way}
    assert {status for status in told.values() if status >= 300} == {401}
    assert [one["refused_count"] for one in refused] == [2]


async def test_a_customer_goes_back_to_the_payments_own_address(database: Database) -> None:
    provider = Returning(callbacks=by(CallbackTransport.REDIRECT, signature=None))
    provider.script(OperationKind.AUTHORIZE, ACTION)
    async with open_shop(database, provider) as shop:
        payment = (await shop.post("/v1/payments", order(return_url=RETURN_URL))).json()
        target = (
            f"/v1/callbacks/sandbox/{shop.account}?key={provider.performed[-1].key}&return_url=https://evil.example"
        )
        answer = await shop.line("GET", target, b"", [])
        [row] = (await listed(shop, state="received", provider="sandbox"))["data"]

    assert answer.status == 303
    place = urlsplit(answer.headers["location"])
    assert (place.netloc, place.path, place.fragment) == ("shop.example", "/back", "thanks")
    assert parse_qs(place.query) == {"order": ["7"], "payment_id": [payment["id"]]}
    assert (row["transport"], answer.headers["cache-control"]) == ("redirect", "no-store")


@pytest.mark.parametrize("query", ["", "key=opn_of_nobody", "return_url=https://evil.example", "key="])
async def test_a_customer_of_whom_nothing_is_known_is_sent_nowhere(database: Database, query: str) -> None:
    provider = Returning(callbacks=by(CallbackTransport.REDIRECT, signature=None))
    async with open_shop(database, provider) as shop:
        answer = await shop.line("GET", f"/v1/callbacks/sandbox/{shop.account}?{query}", b"", [])

    assert (answer.status, "location" in answer.headers) == (200, False)
    assert answer.headers["content-type"].startswith("text/html")
    assert b"You can close this window" in answer.body
    assert b"evil" not in answer.body


def order(**changes: object) -> dict[str, object]:
    """A purchase."""
    return {"amount": 1000, "currency": "EUR", "payment_method": "tok_visa", **changes}


async def test_lists_go_on_behind_a_cursor_and_show_what_was_asked_for(database: Database) -> None:
    provider = ScriptedProvider()
    async with open_shop(database, provider) as shop:
        for number in range(3):
            raw = b"%d" % number
            await send(shop, "POST", raw, list(provider.signed(raw).items()))
        first = await listed(shop, limit=2, provider_account_id=shop.account)
        second = await listed(shop, limit=2, cursor=first["next_cursor"])
        none = await listed(shop, state="applied")
        missing = await shop.get(f"/v1/callbacks/cbk_{'0' * 32}")
        no_cursor = await shop.get("/v1/callbacks", cursor="x")

    assert [len(one["data"]) for one in (first, second, none)] == [2, 1, 0]
    assert second["next_cursor"] is None
    assert len({one["id"] for page in (first, second) for one in page["data"]}) == 3
    assert (missing.code, no_cursor.code) == ("NOT_FOUND", "VAL_CURSOR")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?payment_id=pay_1"),
        ("https://a.example/x?a=1", "https://a.example/x?a=1&payment_id=pay_1"),
        ("https://a.example/x?#f", "https://a.example/x?payment_id=pay_1#f"),
    ],
)
def test_the_payment_is_named_beside_what_the_address_says_already(url: str, expected: str) -> None:
    assert with_payment(url, "pay_1") == expected
