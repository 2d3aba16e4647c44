"""Trouble on the way of every request, as it was ordered at the doors for tests."""

from aiohttp import web
from aiohttp.typedefs import Handler

from entrypoints.simulator.doors import said
from entrypoints.simulator.trouble.kinds import kind_of
from entrypoints.simulator.trouble.wire import WireOrder, WireOrders, send_badly
from entrypoints.simulator.words import read_body


class Trouble:
    """What is to go wrong, and the doors at which it is ordered."""

    def __init__(self) -> None:
        """Begin without any."""
        self._wire = WireOrders()

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [web.post("/control/wire", self.order_wire)]

    async def order_wire(self, request: web.Request) -> web.StreamResponse:
        """Let the answers to the next requests of a kind suffer on their way."""
        self._wire.order(read_body(await request.read(), WireOrder))
        return said({"status": "ok"})

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or not, and its answer."""
        kind = kind_of(request)
        if kind is None:
            return await handler(request)
        response = await handler(request)
        fault = self._wire.take(kind)
        if fault is None or not isinstance(response, web.Response):
            return response
        return await send_badly(request, response, fault)
