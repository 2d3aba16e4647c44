"""Who calls: the API key in `Authorization: Bearer`, checked before any route that is not public."""

import re
from typing import Any

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from application.call import Call
from application.identity.authenticate import AuthenticateHandler, Caller
from application.ports.journal import IdempotencyKey
from domain.errors import AUTH_INVALID, MediatorError
from domain.ids import Prefix, public_id

BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE | re.ASCII)

AnyRequest = Request[Any, Any, Any]


async def require_api_key(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request pass only with a valid API key, unless its route is public. Raises AUTH_INVALID."""
    if handler.opt.get("public"):
        return
    read = BEARER.fullmatch(connection.headers.get("authorization", ""))
    if read is None:
        raise MediatorError(AUTH_INVALID, "Send `Authorization: Bearer <API key>`.")
    authenticate = await connection.app.state.dishka_container.get(AuthenticateHandler)
    caller = await authenticate(read[1])
    state = connection.scope["state"]
    state["caller"] = caller
    state["tenant_id"] = public_id(Prefix.TENANT, caller.tenant_id)
    structlog.contextvars.bind_contextvars(user_id=public_id(Prefix.PRINCIPAL, caller.principal_id))


def call_of(request: AnyRequest, idempotency: IdempotencyKey | None = None) -> Call:
    """Say under which circumstances a request uses a use case."""
    caller: Caller = request.scope["state"]["caller"]
    return Call(
        tenant_id=caller.tenant_id,
        actor=public_id(Prefix.PRINCIPAL, caller.principal_id),
        request_id=request.scope["state"]["request_id"],
        idempotency=idempotency,
    )
