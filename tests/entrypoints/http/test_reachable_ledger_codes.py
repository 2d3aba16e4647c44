"""Every code that the document names for a route of the ledger really happens there."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.routes import Operation, operations
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import JSON, InProcess, Shop, new_key
from tests.entrypoints.http.test_document import codes_of
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

ELSEWHERE: Final = frozenset({"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "BACKPRESSURE"})
"""As in test_reachable_codes.py."""

BOUND = 9_000_000_000_000_000_000
MISSING: Final = "0" * 32
SIDES: Final = {"debit_account": "a", "credit_account": "b", "amount": 10, "currency": "EUR"}
BODIES: Final[dict[str, Any]] = {
    "open_account": {"code": "new", "currency": "EUR", "normal_balance": "debit"},
    "change_account": {"state": "frozen"},
    "get_account": None,
    "make_limit": {"scope": "account", "account": "a", "currency": "EUR", "window_seconds": 60, "count_max": 0},
    "list_limits": None,
    "end_limit": None,
    "make_monitor": {"account": "a", "currency": "EUR", "measure": "posted", "comparison": "lt", "threshold": 0},
    "list_monitors": None,
    "end_monitor": None,
    "create_transfer": SIDES,
    "create_transfers": {"mode": "atomic", "transfers": [SIDES]},
    "reverse_transfer": {},
    "get_transfer": None,
    "list_transfers": None,
    "place_hold": SIDES,
    "post_hold": {},
    "release_hold": {},
    "get_hold": None,
    "list_holds": None,
}
"""A body that each route takes."""


class Scene:
    """One route, two accounts, and one of everything that a route may be asked about."""

    def __init__(self, operation: Operation, shop: Shop, database: Database) -> None:
        self.operation = operation
        self.name: str = operation.told["operationId"]
        self.body = BODIES[self.name]
        self.shop = shop
        self.database = database
        self.key = new_key()
        self.ids: dict[str, str] = {}

    async def prepare(self) -> "Scene":
        for code in ("a", "b"):
            self.ids[code] = (await self.shop.open(code))["id"]
        self.ids |= {"account_id": self.ids["a"], "limit_id": f"lim_{MISSING}", "monitor_id": f"mon_{MISSING}"}
        self.ids["transfer_id"] = (await self.shop.transfer("a", "b", 1)).json()["id"]
        self.ids["hold_id"] = (await self.shop.post("/v1/holds", SIDES)).json()["id"]
        return self

    async def act(self, body: Any = None) -> Answer:
        """Ask for what the route does, with a body that it takes unless another is given."""
        said = self.body if body is None else body
        return await self.raw(b"" if said is None else msgspec.json.encode(said), *([] if said is None else [JSON]))

    async def raw(self, raw: bytes, *extra: Header, query: str = "", known: bool = True) -> Answer:
        """Send any bytes to the route."""
        missing = {name: f"{value[:4]}{MISSING}" for name, value in self.ids.items()}
        headers: list[Header] = [("authorization", f"Bearer {self.shop.api_key}"), ("idempotency-key", self.key)]
        target = self.operation.filled(self.ids if known else missing) + query
        return await self.shop.line(self.operation.method, target, raw, [*headers, *extra])

    async def sql(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database.owner_url)
        try:
            await connection.execute(statement, self.shop.tenant_id)
        finally:
            await connection.close()

    async def overdraft(self, policy: str) -> None:
        for side in ("a", "b"):
            await self.shop.patch(f"/v1/ledger/accounts/{self.ids[side]}", {"overdraft": {"policy": policy}})


async def malformed(scene: Scene) -> Answer:
    return await scene.raw(b"", query="?a=%00")


async def too_large(scene: Scene) -> Answer:
    return await scene.raw(b" " * (16 * 1024 * 1024 + 1), JSON)


async def unsupported(scene: Scene) -> Answer:
    return await scene.raw(b"{}", JSON, ("content-encoding", "gzip"))


async def nobody(scene: Scene) -> Answer:
    scene.shop.api_key = "nobody"
    return await scene.act()


async def not_found(scene: Scene) -> Answer:
    if scene.name == "make_limit":
        body = {name: scene.body[name] for name in ("currency", "window_seconds", "count_max")}
        return await scene.act(body | {"scope": "api_key", "api_key_id": f"key_{MISSING}"})
    return await scene.raw(b"" if scene.body is None else msgspec.json.encode(scene.body), JSON, known=False)


async def invalid(scene: Scene) -> Answer:
    return await scene.raw(b"" if scene.operation.method == "GET" else b"[]", JSON, query="?limit=0")


async def bad_cursor(scene: Scene) -> Answer:
    return await scene.raw(b"", query="?cursor=x")


async def bad_currency(scene: Scene) -> Answer:
    return await scene.act(scene.body | {"currency": "HRK"})


async def bad_amount(scene: Scene) -> Answer:
    body = {name: SIDES[name] for name in ("debit_account", "amount", "currency")}
    return await scene.act(body | {"splits": [{"account": "b", "percent": "1"}]})


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
    async with serving(settings_for(scene.database, rate_limit_count=1), TheseProviders(ProviderSet())) as other:
        scene.shop = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        await scene.raw(b"", known=False)
        return await scene.raw(b"", known=False)


async def limited(scene: Scene) -> Answer:
    await scene.shop.post("/v1/ledger/limits", BODIES["make_limit"])
    await scene.shop.post("/v1/ledger/limits", BODIES["make_limit"] | {"account": "b"})
    return await scene.act()


async def closed(scene: Scene) -> Answer:
    if scene.name == "change_account":
        await scene.shop.post(f"/v1/holds/{scene.ids['hold_id']}/release")
        await scene.shop.transfer("b", "a", 1)
    await scene.sql("update fm.ledger_accounts set state = 'closed' where tenant_id = $1")
    return await scene.act({"state": "active"} if scene.name == "change_account" else None)


async def frozen(scene: Scene) -> Answer:
    await scene.shop.patch(f"/v1/ledger/accounts/{scene.ids['b']}", {"state": "frozen"})
    return await scene.act()


async def insufficient(scene: Scene) -> Answer:
    if scene.name == "reverse_transfer":
        # What the transfer brought has gone on, so that it cannot be given back.
        await scene.shop.open("c")
        await scene.shop.transfer("b", "c", 1)
    await scene.overdraft("none")
    return await scene.act()


async def overflow(scene: Scene) -> Answer:
    for side in ("debits", "credits"):
        statement = "update fm.ledger_accounts set posted_{0} = {1} - pending_{0} where tenant_id = $1"
        await scene.sql(statement.format(side, BOUND))
    return await scene.act()


async def unknown(scene: Scene) -> Answer:
    name = "account" if "account" in scene.body else "debit_account"
    return await scene.act(scene.body | {name: "nobody"})


async def mismatch(scene: Scene) -> Answer:
    name = "account" if "account" in scene.body else "debit_account"
    return await scene.act(scene.body | {name: scene.ids["a"], "currency": "JPY"})


async def used_reference(scene: Scene) -> Answer:
    body = scene.body | {"reference": "r"}
    await scene.act(body)
    scene.key = new_key()
    return await scene.act(body)


async def exists(scene: Scene) -> Answer:
    return await scene.act(scene.body | {"code": "a"})


async def conflict(scene: Scene) -> Answer:
    return await scene.act({"state": "closed"})


async def unbalanced(scene: Scene) -> Answer:
    legs = [{"account": "a", "direction": "debit", "amount": 1}] * 2
    return await scene.act({"legs": legs})


async def unmet(scene: Scene) -> Answer:
    debit = {"account": "a", "direction": "debit", "amount": 1, "available_min": 0}
    return await scene.act({"legs": [debit, {"account": "b", "direction": "credit", "amount": 1}]})


async def reversed_twice(scene: Scene) -> Answer:
    await scene.act()
    scene.key = new_key()
    return await scene.act()


async def batch_refused(scene: Scene) -> Answer:
    return await scene.act({"mode": "atomic", "transfers": [SIDES | {"debit_account": "nobody"}]})


async def hold_closed(scene: Scene) -> Answer:
    await scene.shop.post(f"/v1/holds/{scene.ids['hold_id']}/release")
    return await scene.act()


async def hold_exceeded(scene: Scene) -> Answer:
    return await scene.act({"amount": 11})


async def hold_expired(scene: Scene) -> Answer:
    if scene.name == "place_hold":
        return await scene.act(SIDES | {"expires_at": "2020-01-01T00:00:00Z"})
    await scene.sql("update fm.holds set expires_at = now() where tenant_id = $1")
    return await scene.act()


WAYS: Final[dict[str, Callable[[Scene], Awaitable[Answer]]]] = {
    "AUTH_INVALID": nobody,
    "GATE_LIMIT_EXCEEDED": limited,
    "HOLD_CLOSED": hold_closed,
    "HOLD_EXCEEDED": hold_exceeded,
    "HOLD_EXPIRED": hold_expired,
    "IDEM_IN_FLIGHT": in_flight,
    "IDEM_KEY_REQUIRED": no_key,
    "IDEM_MISMATCH": used_key,
    "LEDGER_ACCOUNT_CLOSED": closed,
    "LEDGER_ACCOUNT_EXISTS": exists,
    "LEDGER_ACCOUNT_FROZEN": frozen,
    "LEDGER_ACCOUNT_UNKNOWN": unknown,
    "LEDGER_ALREADY_REVERSED": reversed_twice,
    "LEDGER_BATCH_REFUSED": batch_refused,
    "LEDGER_CONDITION_FAILED": unmet,
    "LEDGER_CURRENCY_MISMATCH": mismatch,
    "LEDGER_INSUFFICIENT_FUNDS": insufficient,
    "LEDGER_OVERFLOW": overflow,
    "LEDGER_REFERENCE_USED": used_reference,
    "LEDGER_UNBALANCED": unbalanced,
    "MEDIA_TYPE_UNSUPPORTED": unsupported,
    "NOT_FOUND": not_found,
    "RATE_LIMITED": too_often,
    "REQUEST_MALFORMED": malformed,
    "REQUEST_TOO_LARGE": too_large,
    "STATE_CONFLICT": conflict,
    "VAL_AMOUNT": bad_amount,
    "VAL_CURRENCY": bad_currency,
    "VAL_CURSOR": bad_cursor,
    "VAL_FIELD": invalid,
}


async def test_every_code_of_the_ledger_is_known_here(visitor: Shop) -> None:
    told = {code for one in await operations(visitor) if one.told["operationId"] in BODIES for code in codes_of(one)}

    assert told - ELSEWHERE == WAYS.keys()


@pytest.mark.parametrize("code", WAYS)
async def test_a_code_that_a_route_of_the_ledger_names_can_be_had_there(
    scripted: Service, provider: ScriptedProvider, database: Database, code: str
) -> None:
    shop = await scripted.open_shop()
    never: list[str] = []

    for operation in await operations(shop):
        if operation.told["operationId"] in BODIES and code in codes_of(operation):
            scene = await Scene(operation, await scripted.open_shop(), database).prepare()
            answer = await WAYS[code](scene)
            said = answer.code if answer.status >= 400 else ""
            if (answer.status, said) != (codes_of(operation)[code], code):
                never.append(f"{operation}: {answer.status} {said} {answer.body[:300]!r}")

    assert never == []
