"""One exchange with a provider over aiohttp: it tells what surely was not sent from what may have been."""

import asyncio
import logging
from types import SimpleNamespace

import aiohttp
from yarl import URL

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import NotSent, Unknown

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "financial-mediator"}

_log = logging.getLogger(__name__)


class _ConnectionLostError(aiohttp.ClientError):
    """The connection was lost, and aiohttp was about to send a request with an effect once more by itself."""


class _Sending:
    """How far one exchange has come: `begun` as soon as a connection is in hand, so before its first byte."""

    def __init__(self, *, safe: bool) -> None:
        self.safe = safe
        self.begun = False
        self.sent = False

    def refuse_repetition(self) -> None:
        if self.sent and not self.safe:
            raise _ConnectionLostError


class Wire:
    """The connections of one `ProviderHttp`, which says what holds for them."""

    def __init__(self, *, connections_max: int, body_max_bytes: int) -> None:
        """Prepare; the session is made by the first exchange, in the loop that runs it."""
        self._connections_max = connections_max
        self._body_max_bytes = body_max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> HttpResponse | NotSent | Unknown:
        """Send a request that can be sent, and read the whole answer within the deadline."""
        sending = _Sending(safe=request.method in _SAFE_METHODS)
        try:
            async with asyncio.timeout(deadline_seconds):
                return await self._exchange(request, sending)
        except TimeoutError:
            return _failed(request, sending, f"no whole answer within {deadline_seconds:g} s")
        except (aiohttp.ClientError, OSError) as fault_on_the_way:
            return _failed(request, sending, _described(fault_on_the_way))
        except Exception as unforeseen:  # noqa: BLE001 -- money: what breaks after the first byte is doubt, no crash
            _log.exception("provider.exchange_broke %r", request)
            return _failed(request, sending, type(unforeseen).__name__)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: HttpRequest, sending: _Sending) -> HttpResponse | Unknown:
        async with self._opened().request(
            request.method,
            URL(request.url, encoded=True),
            headers=_HEADERS | request.headers,
            data=request.body or None,
            allow_redirects=False,
            trace_request_ctx=sending,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._body_max_bytes:
                    response.close()
                    return Unknown(f"the answer is longer than {self._body_max_bytes} bytes")
            headers: dict[str, str] = {}
            for name, value in response.headers.items():
                known = headers.get(name.lower())
                headers[name.lower()] = value if known is None else f"{known}, {value}"
            return HttpResponse(status=response.status, headers=headers, body=bytes(body))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections_max),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("Content-Type",),
                trace_configs=[_tracing()],
            )
        return self._session


def _tracing() -> aiohttp.TraceConfig:
    """Watch how far each exchange comes.

    aiohttp 3.14 gives `on_request_headers_sent` before it writes the headers (`StreamWriter.write_headers`), and the
    two connection signals earlier still: whichever comes first ends the proof that nothing was sent. By itself it
    repeats GET, PUT and DELETE once on a kept connection that was dead (`retry_persistent_connection`); only what has
    no effect may do that here.
    """

    async def looked_for(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.refuse_repetition()

    async def in_hand(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.begun = True

    async def about_to_send(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        sending: _Sending = context.trace_request_ctx
        sending.refuse_repetition()
        sending.begun = sending.sent = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_start.append(looked_for)
    tracing.on_connection_create_end.append(in_hand)
    tracing.on_connection_reuseconn.append(in_hand)
    tracing.on_request_headers_sent.append(about_to_send)
    return tracing


def _failed(request: HttpRequest, sending: _Sending, reason: str) -> NotSent | Unknown:
    outcome = Unknown(reason) if sending.begun else NotSent(reason)
    _log.warning("provider.exchange_failed %r: %r", request, outcome)
    return outcome


def _described(fault: Exception) -> str:
    """Name a fault without its message, which may repeat what was sent."""
    number = getattr(fault, "errno", None)
    return f"{type(fault).__name__} (errno {number})" if isinstance(number, int) else type(fault).__name__
