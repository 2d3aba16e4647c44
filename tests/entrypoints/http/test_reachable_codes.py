"""Every code that the document names for a route really happens there: each is made to happen, on each route."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from domain.ids import Prefix, public_id
from domain.providers import Decline, Instruction, NotSent, OperationKind, Rejected
from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.routes import Operation, operations
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import JSON, InProcess, Shop, new_key, new_payment
from tests.entrypoints.http.test_document import codes_of
from tests.entrypoints.http.test_reachable_ledger_codes import BODIES as LEDGER
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.statements import History, keep_history
from tests.fakes.stores import Database

ELSEWHERE: Final = {
    "INTERNAL_ERROR": "only a fault of ours makes it; every test that expects something else is a test of it",
    "SERVICE_UNAVAILABLE": "test_outages.py asks every route while the database is away",
    "BACKPRESSURE": "test_outages.py; it comes from the one pool that every route waits for",
}
KIND: Final = {
    "create_payment": OperationKind.AUTHORIZE,
    "capture_payment": OperationKind.CAPTURE,
    "cancel_payment": OperationKind.VOID,
    "refund_payment": OperationKind.REFUND,
}
MISSING: Final = f"pay_{'0' * 32}"
MISSING_CALLBACK: Final = f"cbk_{'0' * 32}"


class Scene:
    """One route of one service, and what is needed to get anything out of it."""

    def __init__(self, operation: Operation, shop: Shop, provider: ScriptedProvider, database: Database) -> None:
        self.operation = operation
        self.shop = shop
        self.provider = provider
        self.database = database
        self.kind = KIND.get(operation.told["operationId"])
        self.key = new_key()

    async def payment(self) -> str:
        """Make a payment that the route can act on."""
        mode = "automatic" if self.kind is OperationKind.REFUND else "manual"
        return str((await self.shop.paid(capture_mode=mode))["id"])

    async def act(self, payment_id: str | None = None, *, shop: Shop | None = None, **body: Any) -> Answer:
        """Ask for what the route does; a creation ignores the payment."""
        if self.kind is OperationKind.AUTHORIZE:
            return await (shop or self.shop).post("/v1/payments", new_payment(**body), key=self.key)
        path = self.operation.filled({"payment_id": payment_id or await self.payment()})
        return await (shop or self.shop).post(path, body, key=self.key)

    async def callback(self) -> str:
        """Have the provider call back, and give what is kept of that."""
        raw = b"{}"
        sent = await self.shop.line(
            "POST", f"/v1/callbacks/sandbox/{self.shop.account}", raw, list(self.provider.signed(raw).items())
        )
        assert sent.status == 204, sent
        return str((await self.shop.all("/v1/callbacks"))[0]["id"])

    async def raw(self, raw: bytes = b"", *extra: Header, query: str = "", known: bool = True) -> Answer:
        """Send any bytes to the route."""
        names = {
            "payment_id": await self.payment() if known else MISSING,
            "code": "NOT_FOUND" if known else "NOBODY",
            "provider": "sandbox",
            "account_id": self.shop.account,
            "callback_id": await self.callback()
            if known and "callback_id" in self.operation.path
            else MISSING_CALLBACK,
        }
        headers: list[Header] = [("authorization", f"Bearer {self.shop.api_key}"), ("idempotency-key", self.key)]
        target = self.operation.filled(names) + query
        return await self.shop.line(self.operation.method, target, raw, [*headers, *extra])


async def malformed(scene: Scene) -> Answer:
    return await scene.raw(query="?a=%00")


async def too_large(scene: Scene) -> Answer:
    return await scene.raw(b" " * 2_000_000, JSON)


async def unsupported(scene: Scene) -> Answer:
    return await scene.raw(b"{}", JSON, ("content-encoding", "gzip"))


async def nobody(scene: Scene) -> Answer:
    scene.shop.api_key = "nobody"
    return await scene.raw(known=False)


async def not_found(scene: Scene) -> Answer:
    return await scene.raw(known=False)


async def invalid(scene: Scene) -> Answer:
    return await scene.raw(b"[]" if scene.operation.method == "POST" else b"", JSON, query="?limit=0&format=x&by=x")


async def bad_cursor(scene: Scene) -> Answer:
    return await scene.raw(query="?cursor=x")


async def bad_currency(scene: Scene) -> Answer:
    if scene.kind is None:
        return await scene.raw(query="?currency=HRK")
    return await scene.act(currency="HRK")


async def bad_amount(scene: Scene) -> Answer:
    """Try every amount that could be one."""
    answers = [await scene.act(amount=amount) for amount in (0, -1, 2**53, 2**63, 2**64)]
    return next((one for one in answers if one.code == "VAL_AMOUNT"), answers[0])


async def no_key(scene: Scene) -> Answer:
    scene.key = "with space"
    return await scene.act()


async def used_key(scene: Scene) -> Answer:
    payment_id = await scene.payment()
    await scene.act(payment_id)
    raw = msgspec.json.encode(new_payment() if scene.kind is OperationKind.AUTHORIZE else {}) + b" "
    return await scene.shop.post_raw(scene.operation.filled({"payment_id": payment_id}), raw, key=scene.key)


async def in_flight(scene: Scene) -> Answer:
    answers: list[Answer] = []
    payment_id = await scene.payment()

    async def again(_: Instruction) -> None:
        scene.provider.before_perform = None
        answers.append(await scene.act(payment_id))

    scene.provider.before_perform = again
    await scene.act(payment_id)
    return answers[0]


def declined(how: Decline) -> Callable[[Scene], Awaitable[Answer]]:
    async def reach(scene: Scene) -> Answer:
        payment_id = await scene.payment()
        assert scene.kind is not None
        scene.provider.script(scene.kind, Rejected("no", how, "No."))
        return await scene.act(payment_id)

    return reach


async def unreachable(scene: Scene) -> Answer:
    payment_id = await scene.payment()
    assert scene.kind is not None
    scene.provider.script(scene.kind, NotSent("connection refused"))
    return await scene.act(payment_id)


async def switched_off(scene: Scene) -> Answer:
    payment_id = await scene.payment()
    async with serving(settings_for(scene.database), TheseProviders(ProviderSet())) as other:
        moved = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        return await scene.act(payment_id, shop=moved)


async def conflict(scene: Scene) -> Answer:
    if scene.kind is not OperationKind.AUTHORIZE:
        payment_id = await scene.payment()
        if scene.kind is not OperationKind.REFUND:
            await scene.shop.post(f"/v1/payments/{payment_id}/cancel")
            return await scene.act(payment_id)
        return await scene.act(str((await scene.shop.paid(capture_mode="manual"))["id"]))
    await unreachable(scene)
    newest = (await scene.shop.all("/v1/payments"))[0]["id"]
    await scene.shop.post(f"/v1/payments/{newest}/cancel")
    return await scene.act()


async def beyond(scene: Scene) -> Answer:
    return await scene.act(amount=1001)


async def overflow(scene: Scene) -> Answer:
    payment_id = await scene.payment()
    connection = await asyncpg.connect(scene.database.owner_url)
    sql = "update fm.ledger_accounts set posted_{0} = $2 - pending_{0} where tenant_id = $1"
    for side in ("debits", "credits"):
        await connection.execute(sql.format(side), scene.shop.tenant_id, 9_000_000_000_000_000_000)
    await connection.close()
    return await scene.act(payment_id)


async def too_often(scene: Scene) -> Answer:
    async with serving(settings_for(scene.database, rate_limit_count=1), TheseProviders(ProviderSet())) as other:
        scene.shop = Shop(InProcess(other.app), scene.shop.tenant_id, scene.shop.api_key, scene.shop.account)
        await scene.raw(known=False)
        return await scene.raw(known=False)


async def no_period(scene: Scene) -> Answer:
    moment = "2026-10-01T00:00:00Z"
    path = scene.operation.filled({"account_id": f"acc_{'0' * 32}"})
    return await scene.shop.get(path, **{"from": moment, "to": moment})


async def too_long(scene: Scene) -> Answer:
    """Book an amount of more digits than camt.053 has, and ask for it in that form."""
    now = datetime.now(UTC)
    history = History().book(10**18, now)
    await keep_history(scene.database.owner_url, scene.shop.tenant_id, history)
    path = scene.operation.filled({"account_id": public_id(Prefix.LEDGER_ACCOUNT, history.account.id)})
    period = {"from": now.isoformat(), "to": (now + timedelta(days=1)).isoformat()}
    return await scene.shop.get(path, format="camt053", **period)


async def forged(scene: Scene) -> Answer:
    return await scene.raw(b"{}", JSON)


WAYS: Final[dict[str, Callable[[Scene], Awaitable[Answer]]]] = {
    "AUTH_INVALID": nobody,
    "CALLBACK_REFUSED": forged,
    "CAPTURE_EXCEEDS_AUTHORIZATION": beyond,
    "IDEM_IN_FLIGHT": in_flight,
    "IDEM_KEY_REQUIRED": no_key,
    "IDEM_MISMATCH": used_key,
    "LEDGER_OVERFLOW": overflow,
    "LEDGER_STATEMENT_TOO_LARGE": too_long,
    "MEDIA_TYPE_UNSUPPORTED": unsupported,
    "NOT_FOUND": not_found,
    "PROV_DECLINED_HARD": declined(Decline.HARD),
    "PROV_DECLINED_SOFT": declined(Decline.SOFT),
    "PROV_REFUSED": declined(Decline.INVALID),
    "PROV_UNREACHABLE": unreachable,
    "RATE_LIMITED": too_often,
    "REFUND_EXCEEDS_CAPTURE": beyond,
    "REQUEST_MALFORMED": malformed,
    "REQUEST_TOO_LARGE": too_large,
    "ROUTE_NO_PROVIDER": switched_off,
    "STATE_CONFLICT": conflict,
    "VAL_AMOUNT": bad_amount,
    "VAL_CURRENCY": bad_currency,
    "VAL_CURSOR": bad_cursor,
    "VAL_FIELD": invalid,
    "VAL_PERIOD": no_period,
}


def is_of_others(operation: Operation) -> bool:
    """Whether another file makes this route's codes happen: of the ledger, exchange, routing, providers, payouts."""
    return operation.told["operationId"] in LEDGER or bool(
        {"Exchange", "Routing", "Payouts", "Providers", "Provider accounts"} & set(operation.told.get("tags", ()))
    )


async def test_every_code_of_the_document_is_known_here_or_explained(visitor: Shop) -> None:
    others = [one for one in await operations(visitor) if not is_of_others(one)]
    told = {code for one in others for code in codes_of(one)}

    assert told <= WAYS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("code", WAYS)
async def test_a_code_that_a_route_names_can_be_had_there(
    scripted: Service, provider: ScriptedProvider, database: Database, code: str
) -> None:
    shop = await scripted.open_shop()
    never: list[str] = []

    for operation in await operations(shop):
        if code in codes_of(operation) and not is_of_others(operation):
            scene = Scene(operation, await scripted.open_shop(), provider, database)
            answer = await WAYS[code](scene)
            if (answer.status, answer.code if answer.status >= 400 else "") != (codes_of(operation)[code], code):
                never.append(f"{operation}: {answer.status} {answer.code if answer.status >= 400 else ''}")

    assert never == []
