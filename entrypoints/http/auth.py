"""Who calls, and how often: the API key in `Authorization: Bearer`, looked at before any route that is not public."""

from typing import Any, Final

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from application.call import Call
from application.identity.authenticate import Caller
from application.ports.journal import IdempotencyKey
from domain.ids import Prefix, public_id
from entrypoints.http.door import Admission, Door

AnyConnection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]

UNLIMITED: Final = "none"
AS_PROVIDER: Final = "callbacks"
"""What a public route may say in its `limit`: whoever watches over us is never refused, and providers send much."""


async def require_api_key(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Let a request pass only with a valid API key, unless its route is public, and only within its quota.

    Raises AUTH_INVALID and RATE_LIMITED. Every answer tells what is left.
    """
    if handler.opt.get("limit") == UNLIMITED:
        return
    admission = await _admitted(connection, handler)
    state = connection.scope["state"]
    state["answer_headers"] = admission.headers()
    if (refusal := admission.refusal()) is not None:
        raise refusal
    if (caller := admission.caller) is None:
        return
    state["caller"] = caller
    state["tenant_id"] = public_id(Prefix.TENANT, caller.tenant_id)
    structlog.contextvars.bind_contextvars(user_id=public_id(Prefix.PRINCIPAL, caller.principal_id))


async def _admitted(connection: AnyConnection, handler: BaseRouteHandler) -> Admission:
    door: Door = connection.app.state.door
    scope = connection.scope
    if handler.opt.get("public"):
        as_provider = handler.opt.get("limit") == AS_PROVIDER
        return await (door.admit_provider if as_provider else door.admit_stranger)(address_of(scope))
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return door.admit_now(header) or await door.admit(header, address_of(scope))


def address_of(scope: Scope) -> str:
    """Give the address that a request came from: of the last hop, which may be a proxy of ours."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def call_of(request: AnyRequest, idempotency: IdempotencyKey | None = None) -> Call:
    """Say under which circumstances a request uses a use case."""
    caller: Caller = request.scope["state"]["caller"]
    return Call(
        tenant_id=caller.tenant_id,
        actor=public_id(Prefix.PRINCIPAL, caller.principal_id),
        request_id=request.scope["state"]["request_id"],
        idempotency=idempotency,
        api_key_id=caller.api_key_id,
    )
