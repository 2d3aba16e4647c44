"""Every code that the document names for a route of exchange really happens there."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import pytest

from application.ports.fx import RateRepository
from domain.fx.rates import Source, today_of
from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.routes import Operation, operations
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import JSON, InProcess, Shop, new_key
from tests.entrypoints.http.test_document import codes_of
from tests.fakes.fx import ecb_sheet
from tests.fakes.providers import ProviderSet
from tests.fakes.stores import Database

ELSEWHERE: Final = {
    "INTERNAL_ERROR": "only a fault of ours makes it; every test that expects something else is a test of it",
    "SERVICE_UNAVAILABLE": "test_outages.py asks every route while the database is away",
    "BACKPRESSURE": "test_outages.py; it comes from the one pool that every route waits for",
}
MISSING: Final = f"fxq_{'0' * 32}"
QUOTE: Final = {"source_currency": "EUR", "target_currency": "USD", "amount": 100}
SOURCE, TARGET = "codes:source", "codes:target"
BODIES: Final[dict[str, dict[str, Any]]] = {
    "open_quote": QUOTE,
    "reserve_quote": {"reserved_for": "order 1"},
    "execute_quote": {"source_account": SOURCE, "target_account": TARGET},
    "release_quote": {},
}


class Scene:
    """One route of exchange, a tenant with two accounts, and what is needed to get anything out of it."""

    def __init__(self, operation: Operation, shop: Shop, database: Database) -> None:
        self.operation = operation
        self.shop = shop
        self.database = database
        self.key = new_key()

    @property
    def name(self) -> str:
        return str(self.operation.told["operationId"])

    async def quote(self, *moves: str) -> str:
        """Make a quote, and move it."""
        answer = await self.shop.post("/v1/fx/quotes", QUOTE)
        assert answer.status == 201, answer
        quote_id = str(answer.json()["id"])
        for move in moves:
            moved = await self.shop.post(f"/v1/fx/quotes/{quote_id}/{move}", BODIES[f"{move}_quote"])
            assert moved.status in {200, 201}, moved
        return quote_id

    async def act(self, quote_id: str | None = None, **changes: Any) -> Answer:
        """Ask for what the route does, as far as it can be done."""
        names = {"quote_id": quote_id or await self.quote(*(["reserve"] if self.name == "release_quote" else []))}
        return await self.shop.post(self.operation.filled(names), BODIES[self.name] | changes, key=self.key)

    async def raw(self, raw: bytes = b"", *extra: Header, query: str = "", quote_id: str = MISSING) -> Answer:
        """Send any bytes to the route."""
        headers = [("authorization", f"Bearer {self.shop.api_key}"), ("idempotency-key", self.key), *extra]
        target = self.operation.filled({"quote_id": quote_id}) + query
        return await self.shop.line(self.operation.method, target, raw, headers)

    async def sql(self, statement: str, *arguments: object) -> None:
        connection = await asyncpg.connect(self.database.owner_url)
        try:
            await connection.execute(statement, self.shop.tenant_id, *arguments)
        finally:
            await connection.close()


async def nobody(scene: Scene) -> Answer:
    scene.shop.api_key = "nobody"
    return await scene.raw()


async def malformed(scene: Scene) -> Answer:
    return await scene.raw(query="?a=%00")


async def too_large(scene: Scene) -> Answer:
    return await scene.raw(b" " * 1_000_000, JSON)


async def unsupported(scene: Scene) -> Answer:
    return await scene.raw(b"{}", JSON, ("content-encoding", "gzip"))


async def not_found(scene: Scene) -> Answer:
    return await scene.raw() if scene.operation.method == "GET" else await scene.act(MISSING)


async def invalid(scene: Scene) -> Answer:
    raw = b"[]" if scene.operation.method == "POST" else b""
    return await scene.raw(raw, JSON, query="?limit=0&day=x", quote_id=await scene.quote())


async def bad_cursor(scene: Scene) -> Answer:
    return await scene.raw(query="?cursor=x")


async def bad_currency(scene: Scene) -> Answer:
    return await scene.act(target_currency="HRK")


async def bad_amount(scene: Scene) -> Answer:
    return await scene.act(amount=1, source_currency="JPY")


async def no_rate(scene: Scene) -> Answer:
    if scene.operation.method == "GET":
        return await scene.raw(query="?day=1998-12-31")
    return await scene.act(target_currency="NPR")


async def no_key(scene: Scene) -> Answer:
    scene.key = "with space"
    return await scene.act()


async def used_key(scene: Scene) -> Answer:
    first = await scene.act()
    assert first.status < 300, first
    return await (scene.act(amount=2) if scene.name == "open_quote" else scene.act())


async def too_often(scene: Scene) -> Answer:
    async with serving(settings_for(scene.database, rate_limit_count=1), TheseProviders(ProviderSet())) as other:
        scene.shop = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        await scene.raw()
        return await scene.raw()


async def expired(scene: Scene) -> Answer:
    quote_id = await scene.quote()
    await scene.sql("update fm.fx_quotes set expires_at = now() where tenant_id = $1")
    return await scene.act(quote_id)


async def used(scene: Scene) -> Answer:
    return await scene.act(await scene.quote("reserve", "release"))


async def not_reserved(scene: Scene) -> Answer:
    return await scene.act(await scene.quote())


async def unknown_account(scene: Scene) -> Answer:
    return await scene.act(source_account="codes:nobody")


async def other_currency(scene: Scene) -> Answer:
    (account,) = await scene.shop.all("/v1/ledger/accounts", code=TARGET)
    return await scene.act(source_account=account["id"])


async def no_funds(scene: Scene) -> Answer:
    return await scene.act(source_account=(await scene.shop.open("codes:poor", overdraft={"policy": "none"}))["id"])


async def frozen(scene: Scene) -> Answer:
    return await in_state(scene, "frozen")


async def closed(scene: Scene) -> Answer:
    return await in_state(scene, "closed")


async def in_state(scene: Scene, state: str) -> Answer:
    (account,) = await scene.shop.all("/v1/ledger/accounts", code=SOURCE)
    changed = await scene.shop.patch(f"/v1/ledger/accounts/{account['id']}", {"state": state})
    assert changed.status == 200, changed
    return await scene.act()


async def overflow(scene: Scene) -> Answer:
    full = "update fm.ledger_accounts set posted_credits = $2, posted_debits = $2 where tenant_id = $1"
    await scene.sql(full, 9_000_000_000_000_000_000)
    return await scene.act()


async def beyond_limit(scene: Scene) -> Answer:
    limit = {"scope": "account", "account": SOURCE, "currency": "EUR", "window_seconds": 86_400, "amount_max": 99}
    made = await scene.shop.post("/v1/ledger/limits", limit)
    assert made.status == 201, made
    return await scene.act()


WAYS: Final[dict[str, Callable[[Scene], Awaitable[Answer]]]] = {
    "AUTH_INVALID": nobody,
    "FX_QUOTE_EXPIRED": expired,
    "FX_QUOTE_USED": used,
    "FX_RATE_UNAVAILABLE": no_rate,
    "GATE_LIMIT_EXCEEDED": beyond_limit,
    "IDEM_KEY_REQUIRED": no_key,
    "IDEM_MISMATCH": used_key,
    "LEDGER_ACCOUNT_CLOSED": closed,
    "LEDGER_ACCOUNT_FROZEN": frozen,
    "LEDGER_ACCOUNT_UNKNOWN": unknown_account,
    "LEDGER_CURRENCY_MISMATCH": other_currency,
    "LEDGER_INSUFFICIENT_FUNDS": no_funds,
    "LEDGER_OVERFLOW": overflow,
    "MEDIA_TYPE_UNSUPPORTED": unsupported,
    "NOT_FOUND": not_found,
    "RATE_LIMITED": too_often,
    "REQUEST_MALFORMED": malformed,
    "REQUEST_TOO_LARGE": too_large,
    "STATE_CONFLICT": not_reserved,
    "VAL_AMOUNT": bad_amount,
    "VAL_CURRENCY": bad_currency,
    "VAL_CURSOR": bad_cursor,
    "VAL_FIELD": invalid,
}


async def exchange(shop: Shop) -> list[Operation]:
    return [one for one in await operations(shop) if one.told.get("tags") == ["Exchange"]]


async def test_every_code_of_exchange_is_known_here_or_explained(visitor: Shop) -> None:
    told = {code for one in await exchange(visitor) for code in codes_of(one)}

    assert told <= WAYS.keys() | ELSEWHERE.keys()
    assert WAYS.keys() <= told


@pytest.mark.parametrize("code", WAYS)
async def test_a_code_that_a_route_of_exchange_names_can_be_had_there(
    service: Service, database: Database, code: str
) -> None:
    rates = await service.worker.get(RateRepository)
    await rates.write([ecb_sheet(today_of(Source.ECB, datetime.now(UTC)))])
    never: list[str] = []

    for operation in await exchange(await service.open_shop()):
        if code in codes_of(operation):
            scene = Scene(operation, await service.open_shop(), database)
            await scene.shop.open(SOURCE)
            await scene.shop.open(TARGET, currency="USD")
            answer = await WAYS[code](scene)
            if (answer.status, answer.code if answer.status >= 400 else "") != (codes_of(operation)[code], code):
                never.append(f"{operation}: {answer.status} {answer.code if answer.status >= 400 else ''}")

    assert never == []
