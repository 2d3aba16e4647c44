"""The doors for those who test with the gateway: play the customer, the bank, a careless or a forging sender."""

import html
import secrets
import time
from enum import StrEnum
from typing import Annotated

import msgspec
from aiohttp import web

from entrypoints.simulator.callbacks import Courier, signature_of
from entrypoints.simulator.doors import DESK, said
from entrypoints.simulator.faults import FaultOrder
from entrypoints.simulator.trouble.plan import Plan, names_a_seed
from entrypoints.simulator.trouble.trouble import TROUBLE
from entrypoints.simulator.words import Address, Approval, RefusedError, Status, read_body

COURIER = web.AppKey("COURIER", Courier)

_STALE_SECONDS = 3600


class Sequence(StrEnum):
    """In which order callbacks are sent again."""

    SAME = "same"
    REVERSED = "reversed"


class Repetition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the call that sends all callbacks of a charge again."""

    order: Sequence = Sequence.SAME
    times: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1


class Flaw(StrEnum):
    """What is wrong with a forged callback."""

    FOREIGN_KEY = "foreign_key"
    UNSIGNED = "unsigned"
    STALE = "stale"
    ALTERED = "altered"


class Forgery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the call that sends a callback which nobody may believe; without `url`, where the charge's own go."""

    charge: str
    url: Address | None = None
    flaw: Flaw = Flaw.FOREIGN_KEY


def routes() -> list[web.RouteDef]:
    """List the doors for tests, and the page of the customer's step."""
    return [
        web.post("/control/charges/{id}/complete_action", complete_action),
        web.post("/control/charges/{id}/settle", settle),
        web.post("/control/charges/{id}/callbacks", repeat_callbacks),
        web.post("/control/callbacks/forge", forge_callback),
        web.post("/control/faults", order_faults),
        web.get("/actions/{action}", show_action),
        web.post("/actions/{action}", take_action),
    ]


async def complete_action(request: web.Request) -> web.StreamResponse:
    """Let the customer of a charge do the step, or refuse it."""
    return await _conclude(request, Status.REQUIRES_ACTION)


async def settle(request: web.Request) -> web.StreamResponse:
    """Let a pending charge end."""
    return await _conclude(request, Status.PENDING)


async def repeat_callbacks(request: web.Request) -> web.StreamResponse:
    """Send all callbacks of a charge again, now, and give the statuses of the answers in the order of sending."""
    asked = read_body(await request.read() or b"{}", Repetition)
    gateway = request.app[DESK].gateway
    gateway.get_charge(request.match_info["id"])
    deliveries = gateway.store.events_of(request.match_info["id"])
    if asked.order is Sequence.REVERSED:
        deliveries.reverse()
    return said({"statuses": await request.app[COURIER].send_again(deliveries * asked.times)})


async def forge_callback(request: web.Request) -> web.StreamResponse:
    """Send a callback that looks right but is not authentic, and give the status of the answer."""
    asked = read_body(await request.read(), Forgery)
    events = request.app[DESK].gateway.store.events_of(asked.charge)
    if not events:
        raise RefusedError(404, "charge_not_found", "There is no such charge with callbacks.")
    body = events[-1].body.replace(b'"evt_', b'"evt_forged', 1)
    courier = request.app[COURIER]
    body, signature = _spoilt(courier, body, asked.flaw)
    return said({"status": await courier.post(asked.url or events[-1].url, body, signature)})


async def order_faults(request: web.Request) -> web.StreamResponse:
    """Let the next requests of a kind go wrong; with a `seed`, let everything go wrong by a plan."""
    raw = await request.read()
    if names_a_seed(raw):
        request.app[TROUBLE].follow(read_body(raw, Plan))
    else:
        request.app[DESK].faults.order(read_body(raw, FaultOrder))
    return said({"status": "ok"})


async def show_action(request: web.Request) -> web.StreamResponse:
    """Show the customer's step as a page with two buttons."""
    charge = request.app[DESK].gateway.store.find_charge_by_action(request.match_info["action"])
    if charge is None:
        raise RefusedError(404, "not_found", "There is no such step.")
    page = (
        "<!doctype html><meta charset=utf-8><title>Sandbox: confirm a payment</title>"
        f"<h1>Confirm {charge.amount} {html.escape(charge.currency)} (minor units)</h1>"
        "<form method=post><button name=approve value=yes>Approve</button> "
        "<button name=approve value=no>Refuse</button></form>"
    )
    return web.Response(text=page, content_type="text/html")


async def take_action(request: web.Request) -> web.StreamResponse:
    """Take the customer's answer, and send the browser back to the merchant where the charge says so."""
    desk = request.app[DESK]
    charge = desk.gateway.store.find_charge_by_action(request.match_info["action"])
    if charge is None:
        raise RefusedError(404, "not_found", "There is no such step.")
    approve = b"approve=yes" in await request.read()
    ended = desk.gateway.conclude(charge.id, Status.REQUIRES_ACTION, approve=approve)
    desk.clockwork.wake()
    if charge.return_url is not None:
        return web.Response(status=303, headers={"Location": charge.return_url})
    return web.Response(text=f"The payment is {ended.status}.")


async def _conclude(request: web.Request, waiting_for: Status) -> web.StreamResponse:
    desk = request.app[DESK]
    asked = read_body(await request.read(), Approval)
    ended = desk.gateway.conclude(request.match_info["id"], waiting_for, approve=asked.approve)
    desk.clockwork.wake()
    return said(ended)


def _spoilt(courier: Courier, body: bytes, flaw: Flaw) -> tuple[bytes, str | None]:
    match flaw:
        case Flaw.FOREIGN_KEY:
            return body, signature_of(body, secrets.token_hex(32), at=int(time.time()))
        case Flaw.UNSIGNED:
            return body, None
        case Flaw.STALE:
            return body, courier.sign(body, age_seconds=_STALE_SECONDS)
        case Flaw.ALTERED:
            return body.replace(b'"amount":', b'"amount":9', 1), courier.sign(body)
