"""The text ledger behind the HTTP stack of the product: uvicorn, asyncpg, one function call for each request.

To its advantage it only looks at the API key: it counts no rate, keeps no idempotency, writes no audit and no outbox.
"""

import os
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

_CALL = "select create_transfer($1, $2, $3)"
_POOL = 16
_HEADERS = ((b"content-type", b"application/json"),)


class Asked(msgspec.Struct, frozen=True):
    """What is asked for."""

    debit_account: str
    credit_account: str
    amount: int
    currency: str


_DECODER = msgspec.json.Decoder(Asked)


class Service:
    """An ASGI application."""

    def __init__(self) -> None:
        """Read the settings; the pool is opened when the server starts."""
        self._authorization = f"Bearer {os.environ['API_KEY']}".encode()
        self._pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or start and stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, answer = await self._answer(scope, body)
        headers = [*_HEADERS, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: Any, body: bytes) -> tuple[int, bytes]:
        if dict(scope["headers"]).get(b"authorization") != self._authorization:
            return 401, b"{}"
        asked = _DECODER.decode(body)
        made = await self._pool.fetchval(_CALL, asked.debit_account, asked.credit_account, Decimal(asked.amount))
        return 201, msgspec.json.encode({"id": made})

    async def _live(self, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "lifespan.startup":
            pass
        self._pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=_POOL, max_size=_POOL)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


application = Service()
