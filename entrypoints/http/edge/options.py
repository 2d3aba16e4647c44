"""Answers OPTIONS with every method of a path.

The framework makes its own answer when the first route of a path is registered and never hears of the others.
"""

from litestar.enums import ScopeType
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_405_METHOD_NOT_ALLOWED
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_NO_METHOD = "?"
"""No route knows it, so that the router refuses it and names what it does know."""


class TruthfulOptions:
    """An ASGI application directly around the framework's: 204 with `Allow`, or what else the router says."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS; pass everything else through."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        allowed = False

        async def answer(message: Message) -> None:
            nonlocal allowed
            if message["type"] == "http.response.start" and message["status"] == HTTP_405_METHOD_NOT_ALLOWED:
                allowed = True
                headers = [(name, value) for name, value in message["headers"] if name.lower() == b"allow"]
                await send({"type": "http.response.start", "status": HTTP_204_NO_CONTENT, "headers": headers})
            elif allowed:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await send(message)

        await self._app({**scope, "method": _NO_METHOD}, receive, answer)  # type: ignore[typeddict-item]  # on purpose: a method that no route has
