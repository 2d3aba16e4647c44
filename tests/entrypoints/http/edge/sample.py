"""A small payment service behind the whole edge, wired as the product wires it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Litestar, Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from litestar.types import ASGIApp
from msgspec import Meta

from domain.errors import (
    CALLBACK_REFUSED,
    IDEM_KEY_REQUIRED,
    IDEM_MISMATCH,
    NOT_FOUND,
    PROV_DECLINED_HARD,
    PROV_UNREACHABLE,
    STATE_CONFLICT,
    MediatorError,
    MoneyState,
    ProviderFault,
)
from entrypoints.http.edge.bodies import BodyRules
from entrypoints.http.edge.catalogue import CATALOGUE_ROUTES
from entrypoints.http.edge.decoding import StrictRequest
from entrypoints.http.edge.docs import openapi_config
from entrypoints.http.edge.exceptions import EXCEPTION_HANDLERS
from entrypoints.http.edge.health import ReadinessChecks, health_routes
from entrypoints.http.edge.parameters import strict_parameters
from entrypoints.http.edge.wiring import behind_edge

AnyRequest = Request[Any, Any, Any]
Text = Annotated[str, Meta(min_length=1, max_length=64)]


class State(StrEnum):
    CAPTURED = "captured"
    CANCELLED = "cancelled"


class Customer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who pays."""

    name: Text
    tags: Annotated[tuple[Text, ...], Meta(max_length=3)] = ()


class NewPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller asks for."""

    amount: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    capture: bool = True
    reference: Text | None = None
    customer: Customer | None = None
    metadata: Annotated[dict[Text, Text], Meta(max_length=3)] = {}


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a payment is cancelled."""

    reason: Text


class Payment(msgspec.Struct, frozen=True):
    """A payment as callers see it."""

    id: str
    amount: int
    currency: str
    state: State
    created_at: Annotated[datetime, Meta(tz=True)]
    reference: str | None


class Payments(msgspec.Struct, frozen=True):
    """A page of payments."""

    data: tuple[Payment, ...]


class Store:
    """What the sample remembers."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[bytes, bytes]] = {}
        self.seen_bodies: list[bytes] = []


def _payment(new: NewPayment | None = None) -> Payment:
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    amount, currency = (new.amount, new.currency) if new else (1234, "EUR")
    return Payment("pay_1", amount, currency, State.CAPTURED, moment, new.reference if new else None)


async def require_credential(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Ask for a credential unless the route is public.

    Asynchronous, so that it runs where the request runs: what a thread binds to its context is lost with the thread.
    """
    if handler.opt.get("public"):
        return
    if connection.headers.get("authorization") != "Bearer key":
        raise NotAuthorizedException
    connection.scope["state"]["tenant_id"] = "ten_1"
    structlog.contextvars.bind_contextvars(user_id="usr_1")


@post("/v1/payments", idempotent=True, errors=("PROV_DECLINED_HARD", "VAL_AMOUNT"), tags=["Payments"])
async def create_payment(data: JSONBody[NewPayment], request: AnyRequest) -> Response[Payment]:
    """Take a payment."""
    key = request.headers.get("idempotency-key", "")
    store: Store = request.app.state.store
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key):
        raise MediatorError(IDEM_KEY_REQUIRED, "The header Idempotency-Key is missing or not well formed.")
    raw: bytes = request.scope["state"]["raw_body"]
    if key in store.answers:
        first, answer = store.answers[key]
        if first != raw:
            raise MediatorError(IDEM_MISMATCH, "The body is not that of the first request.")
        headers = {"idempotency-replayed": "true"}
        return Response(answer, headers=headers, media_type="application/json")  # type: ignore[arg-type]
    answer = msgspec.json.encode(_payment(data))
    store.answers[key] = (raw, answer)
    return Response(answer, media_type="application/json")  # type: ignore[arg-type]


@get("/v1/payments", tags=["Payments"])
async def list_payments(
    *,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    payment_state: Annotated[State | None, QueryParameter(name="state")] = None,
    currency: Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")] = None,
    reference: Annotated[str | None, QueryParameter(max_length=64)] = None,
    since: Annotated[datetime | None, QueryParameter()] = None,
    newest_first: Annotated[bool, QueryParameter()] = True,
) -> Payments:
    """List payments."""
    asked = (limit, payment_state, currency, reference, since, newest_first)
    return Payments((_payment(),) if any(asked) else ())


@get("/v1/payments/{payment_id:str}", tags=["Payments"])
async def get_payment(payment_id: Annotated[str, PathParameter(max_length=64)]) -> Payment:
    """Show a payment."""
    if payment_id != "pay_1":
        raise MediatorError(NOT_FOUND, "There is no such payment.")
    return _payment()


@post(
    "/v1/payments/{payment_id:str}/cancel",
    status_code=200,
    errors=("STATE_CONFLICT", "PROV_UNREACHABLE", "PROV_INTEGRITY_MISMATCH"),
)
async def cancel_payment(payment_id: FromPath[str], data: JSONBody[Cancellation | None] = None) -> Payment:
    """Cancel a payment, with or without saying why."""
    assert data is None or data.reason
    match payment_id:
        case "pay_1":
            return _payment()
        case "pay_busy":
            fault = ProviderFault("sandbox", "E42", "try later")
            raise MediatorError(PROV_UNREACHABLE, "Nothing was sent.", retry_after_seconds=7, provider=fault)
        case "pay_done":
            raise MediatorError(STATE_CONFLICT, "It is captured.", money_state=MoneyState.MOVED)
        case "pay_none":
            raise MediatorError(STATE_CONFLICT, "It is something else.")
        case _:
            raise MediatorError(NOT_FOUND, "There is no such payment.")


@post(
    "/v1/callbacks/{provider:str}",
    status_code=204,
    public=True,
    errors=("CALLBACK_REFUSED",),
    raw_body=("application/json",),
)
async def receive_callback(provider: FromPath[str], request: AnyRequest) -> None:
    """Take a provider's word."""
    body = await request.body()
    assert body == request.scope["state"]["raw_body"]
    request.app.state.store.seen_bodies.append(body)
    if provider != "sandbox" or request.headers.get("x-signature") != "good":
        raise MediatorError(CALLBACK_REFUSED, "The signature is missing or wrong.")


@post("/v1/plain", include_in_schema=False)
async def take_anything(data: JSONBody[Any]) -> dict[str, Any]:
    """Give back what was read."""
    return {"read": data}


@get("/v1/faults/{kind:str}", include_in_schema=False, public=True)
async def fail(kind: FromPath[str]) -> None:
    """Fail in one of the ways a route may fail."""
    match kind:
        case "unexpected":
            raise RuntimeError("the secret of the house: fmk_live_0123456789")
        case "forbidden":
            raise PermissionDeniedException
        case "declined":
            fault = ProviderFault("sandbox", "05", "do not honour")
            raise MediatorError(PROV_DECLINED_HARD, "The issuer said no.", provider=fault)
        case _:
            raise RecursionError


@post("/v1/faults", include_in_schema=False, public=True)
async def fail_while_writing() -> None:
    """Fail where money might have moved."""
    raise RuntimeError


ROUTES = (
    create_payment,
    list_payments,
    get_payment,
    cancel_payment,
    receive_callback,
    take_anything,
    fail,
    fail_while_writing,
)


def make_framework(checks: ReadinessChecks | None = None) -> Litestar:
    """Make the framework's application."""
    app = Litestar(
        route_handlers=[*ROUTES, *CATALOGUE_ROUTES, *health_routes(checks or ReadinessChecks({}))],
        guards=[require_credential, strict_parameters],
        request_class=StrictRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(title="Sample", version="1.0.0", description="A small service."),
        logging_config=None,
    )
    app.state.store = Store()
    return app


def make_service(
    framework: Litestar | None = None, *, allowed_hosts: tuple[str, ...] = ("*",), rules: BodyRules | None = None
) -> ASGIApp:
    """Put the edge around it."""
    inner = framework or make_framework()
    return behind_edge(inner, allowed_hosts=allowed_hosts, body_rules=rules)
