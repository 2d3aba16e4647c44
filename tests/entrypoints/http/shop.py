"""A tenant's program for tests: it asks the API with its key, in this process or over a socket."""

import itertools
from collections.abc import AsyncIterator, Iterable
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlencode

import msgspec
from litestar.types import ASGIApp
from uuid_utils.compat import uuid7

from domain.ids import Prefix, TenantId, public_id
from tests.entrypoints.http.edge.asking import Answer, Header, ask

JSON: Header = ("content-type", "application/json")

_numbers = itertools.count()


class Line(Protocol):
    """The way to an API."""

    async def __call__(self, method: str, target: str, body: bytes, headers: Iterable[Header]) -> Answer:
        """Send a request whose target is quoted, and give the answer."""
        ...


class InProcess(Line):
    """Straight into an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, method: str, target: str, body: bytes, headers: Iterable[Header]) -> Answer:
        raw, _, query = target.partition("?")
        return await ask(
            self._app,
            method,
            unquote(raw),  # as a server reads it: what is not UTF-8 is replaced
            body,
            headers=tuple(headers),
            raw_path=raw.encode(),
            query=query.encode(),
        )


class Shop:
    """Asks in the name of one tenant. Every key that is not given is new."""

    def __init__(self, line: Line, tenant_id: TenantId, api_key: str, account: str) -> None:
        self.line = line
        self.tenant_id = tenant_id
        self.api_key = api_key
        self.account = account

    @property
    def public_id(self) -> str:
        return public_id(Prefix.TENANT, self.tenant_id)

    async def get(self, path: str, **query: object) -> Answer:
        asked = urlencode({name: str(value) for name, value in query.items()}, quote_via=quote)
        return await self.line("GET", f"{path}?{asked}" if asked else path, b"", [self._credential])

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Answer:
        return await self.post_raw(path, b"" if body is None else msgspec.json.encode(body), key=key)

    async def post_raw(self, path: str, raw: bytes, *, key: str | None = None, extra: Iterable[Header] = ()) -> Answer:
        headers = [self._credential, ("idempotency-key", key or new_key()), *([JSON] if raw else []), *extra]
        return await self.line("POST", path, raw, headers)

    async def patch(self, path: str, body: object) -> Answer:
        return await self.line("PATCH", path, msgspec.json.encode(body), [self._credential, JSON])

    async def put(self, path: str, body: object) -> Answer:
        return await self.line("PUT", path, msgspec.json.encode(body), [self._credential, JSON])

    async def delete(self, path: str) -> Answer:
        return await self.line("DELETE", path, b"", [self._credential])

    async def open(self, code: str, normal_balance: str = "credit", *, currency: str = "EUR", **changes: Any) -> Any:
        """Open an account that may be overdrawn without limit, unless the test says otherwise."""
        body = {"code": code, "currency": currency, "normal_balance": normal_balance}
        answer = await self.post("/v1/ledger/accounts", {**body, "overdraft": {"policy": "unlimited"}, **changes})
        assert answer.status == 201, answer
        return answer.json()

    async def transfer(self, debit: str, credit: str, amount: object = 100, **changes: Any) -> Answer:
        """Move euros, unless the test says otherwise."""
        key = changes.pop("key", None)
        body = {"debit_account": debit, "credit_account": credit, "amount": amount, "currency": "EUR", **changes}
        return await self.post("/v1/transfers", body, key=key)

    async def standing(self, account_id: str) -> tuple[Any, Any, Any]:
        """Give posted, pending and available of an account."""
        (found,) = [one for one in await self.all("/v1/ledger/balances") if one["account_id"] == account_id]
        return found["posted"], found["pending"], found["available"]

    async def pay(self, token: str = "tok_success", *, key: str | None = None, **changes: Any) -> Answer:
        return await self.post("/v1/payments", new_payment(token, **changes), key=key)

    async def paid(self, token: str = "tok_success", **changes: Any) -> Any:
        answer = await self.pay(token, **changes)
        assert answer.status in {201, 202}, answer
        return answer.json()

    async def payment(self, payment_id: str) -> Any:
        answer = await self.get(f"/v1/payments/{payment_id}")
        assert answer.status == 200, answer
        return answer.json()

    async def all(self, path: str, **query: object) -> list[Any]:
        return [item async for page in self.pages(path, **query) for item in page]

    async def pages(self, path: str, **query: object) -> AsyncIterator[list[Any]]:
        """Walk a list along its cursors."""
        cursor: dict[str, object] = {}
        while True:
            answer = await self.get(path, **query, **cursor)
            assert answer.status == 200, answer
            page = answer.json()
            yield page["data"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    @property
    def _credential(self) -> Header:
        return ("authorization", f"Bearer {self.api_key}")


def new_payment(token: str = "tok_success", **changes: Any) -> dict[str, object]:
    return {"amount": 1000, "currency": "EUR", "payment_method": token, **changes}


def new_key() -> str:
    return f"key-{next(_numbers)}-{uuid7().hex}"
