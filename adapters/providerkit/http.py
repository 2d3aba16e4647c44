"""The one place where bytes go to a provider: it tells what surely was not sent from what may have been.

What is in `wire.py` is imported by the first exchange: aiohttp is an eighth of the API's start, which mostly moves
money without a provider.
"""

from typing import Protocol

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import NotSent, Unknown

BODY_MAX_BYTES = 1024 * 1024
"""An answer longer than this is not read to its end; what it says is then unknown."""


class Connections(Protocol):
    """What carries a request to a provider and its answer back."""

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> HttpResponse | NotSent | Unknown:
        """Do what `ProviderHttp.exchange` promises."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class ProviderHttp:
    """HTTP towards providers, in one event loop.

    Never follows a redirect, never keeps a cookie, never takes a proxy from the environment, never sends a request
    with an effect twice, never decompresses. Connections are kept and at most `connections_max` are open at once.
    """

    def __init__(self, *, connections_max: int = 100) -> None:
        """Prepare; nothing is opened before the first exchange."""
        self._connections_max = connections_max
        self._connections: Connections | None = None
        self._closed = False

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> HttpResponse | NotSent | Unknown:
        """Send a request and read the whole answer within the deadline, waiting for a free connection included.

        `NotSent` is proof: a fault in the request itself, the look-up of the host, connecting, the TLS handshake, or
        the wait for one of them. From the moment that a connection is in hand every failure is `Unknown`, also on a
        kept connection that turns out to be dead. Raises nothing but cancellation.
        """
        fault = request.fault()
        if fault is not None:
            return NotSent(f"not built: {fault}")
        if self._closed:
            return NotSent("the HTTP client is closed")
        return await self._opened().exchange(request, deadline_seconds=deadline_seconds)

    async def close(self) -> None:
        """Close every connection; further exchanges are `NotSent`."""
        self._closed = True
        if self._connections is not None:
            await self._connections.close()

    def _opened(self) -> Connections:
        if self._connections is None:
            self._connections = make_connections(self._connections_max)
        return self._connections


def make_connections(connections_max: int) -> Connections:
    """Make what carries requests; the first call in a process imports aiohttp, which takes a tenth of a second."""
    from adapters.providerkit.wire import Wire  # noqa: PLC0415 -- see the head of this file

    return Wire(connections_max=connections_max, body_max_bytes=BODY_MAX_BYTES)
