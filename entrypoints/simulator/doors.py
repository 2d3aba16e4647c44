"""The gateway's HTTP doors for merchants: charges, what becomes of them, look-ups, books."""

import msgspec
from aiohttp import web

from entrypoints.simulator.clockwork import Clockwork
from entrypoints.simulator.faults import Faults, misbehave
from entrypoints.simulator.gateway import Asked, Delays, Gateway, order_of
from entrypoints.simulator.tokens import BEFORE
from entrypoints.simulator.words import (
    BooksView,
    Kind,
    NewCapture,
    NewCharge,
    NewRefund,
    NewVoid,
    RefusedError,
    read_body,
)

_KEY_MAX = 255
_PAGE_MAX = 500


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What the doors share."""

    gateway: Gateway
    clockwork: Clockwork
    faults: Faults
    delays: Delays


DESK = web.AppKey("DESK", Desk)


def routes() -> list[web.RouteDef]:
    """List the merchants' doors."""
    return [
        web.get("/v1/health", show_health),
        web.post("/v1/charges", create_charge),
        web.get("/v1/charges/{id}", show_charge),
        web.post("/v1/charges/{id}/capture", capture_charge),
        web.post("/v1/charges/{id}/void", void_charge),
        web.post("/v1/charges/{id}/refunds", refund_charge),
        web.get("/v1/operations/{key}", show_operation),
        web.get("/v1/books", show_books),
    ]


def said(shape: object, status: int = 200) -> web.Response:
    """Answer with a shape as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(shape), content_type="application/json")


async def show_health(_request: web.Request) -> web.StreamResponse:
    """Say that the gateway is there."""
    return said({"status": "ok"})


async def create_charge(request: web.Request) -> web.StreamResponse:
    """Authorize a charge, and capture it where that is asked."""
    raw = await request.read()
    return await _perform(request, Kind.AUTHORIZE, raw, read_body(raw, NewCharge))


async def capture_charge(request: web.Request) -> web.StreamResponse:
    """Take authorized money."""
    raw = await request.read()
    return await _perform(request, Kind.CAPTURE, raw, read_body(raw, NewCapture))


async def void_charge(request: web.Request) -> web.StreamResponse:
    """Release what is not captured; the body may be empty."""
    raw = await request.read()
    return await _perform(request, Kind.VOID, raw, read_body(raw or b"{}", NewVoid))


async def refund_charge(request: web.Request) -> web.StreamResponse:
    """Give captured money back."""
    raw = await request.read()
    return await _perform(request, Kind.REFUND, raw, read_body(raw, NewRefund))


async def show_charge(request: web.Request) -> web.StreamResponse:
    """Show a charge as it is now."""
    return said(request.app[DESK].gateway.get_charge(request.match_info["id"]))


async def show_operation(request: web.Request) -> web.StreamResponse:
    """Show what became of the operation of a key, as of now."""
    desk = request.app[DESK]
    if (fault := desk.faults.take("look_up")) is not None:
        return await misbehave(request, fault, hang_seconds=desk.delays.hang_seconds)
    found = desk.gateway.find_operation(request.match_info["key"])
    if found is None:
        raise RefusedError(404, "operation_not_found", "Nothing is known of this key.")
    return said(found)


async def show_books(request: web.Request) -> web.StreamResponse:
    """Show one page of an account's books; `after` is the `next` of the page before."""
    desk = request.app[DESK]
    if (fault := desk.faults.take("books")) is not None:
        return await misbehave(request, fault, hang_seconds=desk.delays.hang_seconds)
    limit = _number(request, "limit", default=100, largest=_PAGE_MAX)
    after = _number(request, "after", default=0, largest=2**62)
    lines = desk.gateway.store.book_lines(request.query.get("account", ""), after=after, limit=limit + 1)
    more = str(lines[limit - 1][0]) if len(lines) > limit else None
    return said(BooksView(tuple(line for _, line in lines[:limit]), more))


async def _perform(request: web.Request, kind: Kind, raw: bytes, asked: Asked) -> web.StreamResponse:
    desk = request.app[DESK]
    order = order_of(kind, key_of(request), raw, asked, request.match_info.get("id", ""))
    ordered = desk.faults.take(kind)
    if ordered in BEFORE:
        return await misbehave(request, ordered, hang_seconds=desk.delays.hang_seconds)
    answer = desk.gateway.perform(order)
    desk.clockwork.wake()
    if (fault := answer.fault or ordered) is not None:
        return await misbehave(request, fault, hang_seconds=desk.delays.hang_seconds)
    response = web.Response(status=answer.status, body=answer.body, content_type="application/json")
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def key_of(request: web.Request) -> str:
    """Read the key of an operation. Raises RefusedError."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= _KEY_MAX or not all("!" <= character <= "~" for character in key):
        message = f"Send an Idempotency-Key of 1 to {_KEY_MAX} visible ASCII characters."
        raise RefusedError(400, "idempotency_key_required", message)
    return key


def _number(request: web.Request, name: str, *, default: int, largest: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest))):
        raise RefusedError(422, "field_invalid", f"`{name}` is not a number from 0 to {largest}.")
    return min(max(int(text), 1 if name == "limit" else 0), largest)
