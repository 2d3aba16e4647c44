"""The gateway as one aiohttp application: its doors, and what every request goes through."""

import hmac
import time
import traceback
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from entrypoints.simulator import control, doors, payouts
from entrypoints.simulator.callbacks import Courier
from entrypoints.simulator.clockwork import Clockwork
from entrypoints.simulator.faults import Faults
from entrypoints.simulator.gateway import Delays, Gateway
from entrypoints.simulator.logs import log
from entrypoints.simulator.store import Store
from entrypoints.simulator.trouble.trouble import TROUBLE, Trouble
from entrypoints.simulator.views import refused
from entrypoints.simulator.words import RefusedError

_BODY_MAX = 64 * 1024
_API_KEY = web.AppKey("_API_KEY", bytes)
_OWN_DOORS = ("/actions/", "/khalti/", "/esewa/")
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class Dialect(Protocol):
    """One more provider that the process plays."""

    def routes(self) -> list[web.RouteDef]:
        """List its doors."""
        ...


def make_app(
    store: Store,
    gateway: Gateway,
    dialects: Iterable[Dialect],
    trouble: Trouble,
    *,
    api_key: str,
    callback_secret: str,
    delays: Delays,
) -> web.Application:
    """Build the application around open books; it carries events and does its duties while it is served.

    The card gateway is always there; `dialects` are the other providers that the process plays, and `trouble` what goes
    wrong with any of them.
    """
    middlewares = [_logged, trouble.middleware, _explained, _authenticated]
    app = web.Application(client_max_size=_BODY_MAX, middlewares=middlewares)
    courier = Courier(store, callback_secret, delays, trouble.posting)
    paid_out = payouts.Payouts(store, delays)
    clockwork = Clockwork(gateway, courier, {payouts.TASK: paid_out.do_duty})

    async def run_clockwork(_app: web.Application) -> AsyncIterator[None]:
        await clockwork.start()
        yield
        await clockwork.stop()

    app[doors.DESK] = doors.Desk(gateway=gateway, clockwork=clockwork, faults=Faults(), delays=delays)
    app[control.COURIER] = courier
    app[TROUBLE] = trouble
    app[payouts.PAYOUTS] = paid_out
    app[_API_KEY] = api_key.encode()
    app.cleanup_ctx.append(run_clockwork)
    app.add_routes([*doors.routes(), *payouts.routes(), *control.routes(), *trouble.routes()])
    for dialect in dialects:
        app.add_routes(dialect.routes())
    return app


@web.middleware
async def _logged(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.monotonic()
    response = await handler(request)
    log(
        "info",
        "request.answered",
        method=request.method,
        path=request.rel_url.raw_path,
        status=response.status,
        cut=request.transport is None or request.transport.is_closing(),
        key=request.headers.get("Idempotency-Key"),
        milliseconds=round((time.monotonic() - began) * 1000, 1),
    )
    return response


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say every refusal in the gateway's own words, aiohttp's too."""
    try:
        return await handler(request)
    except RefusedError as refusal:
        status, body = refusal.status, refused(refusal.refusal.code, refusal.refusal.message)
    except web.HTTPException as refusal:
        status = refusal.status
        body = refused(_HTTP_CODES.get(status, "request_malformed"), refusal.reason)
    except Exception:  # noqa: BLE001 -- whatever it is, the caller is told in the gateway's words and the log has it all
        log("error", "request.failed", path=request.rel_url.raw_path, traceback=traceback.format_exc())
        status, body = 500, refused("internal_error", "Something went wrong.")
    return web.Response(status=status, body=body, content_type="application/json")


@web.middleware
async def _authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who has the API key; the health and the customer's pages are open, and wallets see to it themselves."""
    if request.path != "/v1/health" and not request.path.startswith(_OWN_DOORS):
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), request.app[_API_KEY])
        if scheme.lower() != "bearer" or not known:
            raise RefusedError(401, "unauthorized", "Send `Authorization: Bearer <API key>`.")
    return await handler(request)
