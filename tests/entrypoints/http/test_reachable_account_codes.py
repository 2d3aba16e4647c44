"""Every code that the document names for a route of providers and of accounts there really happens."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.routes import Operation, operations
from tests.entrypoints.http.service import NOWHERE, Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import JSON, InProcess, Shop, new_key
from tests.entrypoints.http.test_document import codes_of
from tests.fakes.providers import ProviderSet
from tests.fakes.stores import Database

ELSEWHERE: Final = frozenset({"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "BACKPRESSURE"})
"""As in test_reachable_codes.py."""

TAGS: Final = {"Providers", "Provider accounts"}
CONFIG: Final = {"base_url": NOWHERE}
CREDENTIALS: Final = {"api_key": "k", "callback_secrets": ["s"]}
BODIES: Final[dict[str, Any]] = {
    "connect_provider": {"provider": "sandbox", "name": "Cards", "config": CONFIG, "credentials": CREDENTIALS},
    "change_provider_account": {"expected_version": 1, "config": CONFIG},
    "set_provider_account_breaker": {"setting": "open"},
    "roll_back_account": {"version": 1, "expected_version": 1, "with_credentials": True},
}
"""A body that each route takes."""


class Scene:
    """One route and one account."""

    def __init__(self, operation: Operation, shop: Shop, database: Database) -> None:
        self.operation = operation
        self.body: Any = BODIES.get(operation.told["operationId"])
        self.shop = shop
        self.database = database
        self.key = new_key()

    async def act(self, body: Any = None) -> Answer:
        """Ask for what the route does."""
        said = self.body if body is None else body
        return await self.raw(b"" if said is None else msgspec.json.encode(said), *([] if said is None else [JSON]))

    async def raw(self, raw: bytes = b"", *extra: Header, query: str = "", known: bool = True) -> Answer:
        """Send any bytes to the route."""
        names = {
            "provider_account_id": self.shop.account if known else f"pac_{'0' * 32}",
            "name": "sandbox" if known else "nobody",
        }
        headers: list[Header] = [("authorization", f"Bearer {self.shop.api_key}"), ("idempotency-key", self.key)]
        asked = query or ("?from=1&to=1" if self.operation.path.endswith("/diff") else "")
        target = self.operation.filled(names) + asked
        return await self.shop.line(self.operation.method, target, raw, [*headers, *extra])

    async def sql(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database.owner_url)
        try:
            await connection.execute(statement, self.shop.tenant_id)
        finally:
            await connection.close()


async def malformed(scene: Scene) -> Answer:
    return await scene.raw(query="?a=%00")


async def too_large(scene: Scene) -> Answer:
    return await scene.raw(b" " * 1_000_000, JSON)


async def unsupported(scene: Scene) -> Answer:
    return await scene.raw(b"{}", JSON, ("content-encoding", "gzip"))


async def nobody(scene: Scene) -> Answer:
    scene.shop.api_key = "nobody"
    return await scene.act()


async def not_found(scene: Scene) -> Answer:
    return await scene.raw(b"" if scene.body is None else msgspec.json.encode(scene.body), JSON, known=False)


async def invalid(scene: Scene) -> Answer:
    return await scene.raw(b"" if scene.operation.method == "GET" else b"[]", JSON, query="?limit=0&from=0&to=0")


async def bad_cursor(scene: Scene) -> Answer:
    return await scene.raw(query="?cursor=x")


async def no_key(scene: Scene) -> Answer:
    scene.key = "with space"
    return await scene.act()


async def used_key(scene: Scene) -> Answer:
    await scene.act()
    return await scene.raw(msgspec.json.encode(scene.body) + b" ", JSON)


async def in_flight(scene: Scene) -> Answer:
    """Let the first request die between its effect and its answer, a moment ago."""
    await scene.act()
    await scene.sql(
        "update fm.idempotency_records set state = 'started', locked_until = now() + interval '1 minute' "
        "where tenant_id = $1"
    )
    return await scene.act()


async def too_often(scene: Scene) -> Answer:
    async with serving(settings_for(scene.database, rate_limit_count=1)) as other:
        scene.shop = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        await scene.raw(known=False)
        return await scene.raw(known=False)


async def moved_on(scene: Scene) -> Answer:
    return await scene.act(scene.body | {"expected_version": 7})


async def damaged(scene: Scene) -> Answer:
    sql = "update fm.provider_account_versions set credentials = 'x' where tenant_id = $1 and credentials is not null"
    await scene.sql(sql)
    return await scene.act()


async def not_installed(scene: Scene) -> Answer:
    async with serving(settings_for(scene.database), TheseProviders(ProviderSet())) as other:
        scene.shop = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        return await scene.act()


WAYS: Final[dict[str, Callable[[Scene], Awaitable[Answer]]]] = {
    "AUTH_INVALID": nobody,
    "IDEM_IN_FLIGHT": in_flight,
    "IDEM_KEY_REQUIRED": no_key,
    "IDEM_MISMATCH": used_key,
    "MEDIA_TYPE_UNSUPPORTED": unsupported,
    "NOT_FOUND": not_found,
    "PROV_CREDENTIALS_SEALED": damaged,
    "RATE_LIMITED": too_often,
    "REQUEST_MALFORMED": malformed,
    "REQUEST_TOO_LARGE": too_large,
    "ROUTE_NO_PROVIDER": not_installed,
    "STATE_CONFLICT": moved_on,
    "VAL_CURSOR": bad_cursor,
    "VAL_FIELD": invalid,
}


async def ours(shop: Shop) -> list[Operation]:
    """Give the routes that are this file's."""
    return [one for one in await operations(shop) if TAGS & set(one.told.get("tags", ()))]


async def test_every_code_of_provider_accounts_is_known_here(visitor: Shop) -> None:
    told = {code for one in await ours(visitor) for code in codes_of(one)}

    assert told - ELSEWHERE == WAYS.keys()


@pytest.mark.parametrize("code", WAYS)
async def test_a_code_that_a_route_of_provider_accounts_names_can_be_had_there(
    service: Service, database: Database, code: str
) -> None:
    never: list[str] = []

    for operation in await ours(await service.open_shop()):
        if code in codes_of(operation):
            answer = await WAYS[code](Scene(operation, await service.open_shop(), database))
            said = answer.code if answer.status >= 400 else ""
            if (answer.status, said) != (codes_of(operation)[code], code):
                never.append(f"{operation}: {answer.status} {said} {answer.body[:300]!r}")

    assert never == []
