"""The door for operators to what providers sent: lists of it, and one with its bytes."""

from datetime import datetime
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get
from litestar.params import FromPath, QueryParameter

from application.callbacks.get_callback import GetCallback, GetCallbackHandler
from application.callbacks.list_callbacks import ListCallbacks, ListCallbacksHandler
from application.ports.callbacks import CallbackFilter
from domain.callbacks import CallbackState
from domain.ids import CallbackId, Prefix, ProviderAccountId
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.callback_shapes import CallbackDetailOut, CallbackPageOut, detail_out, page_out
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, id_in_query, moment_in_query


@get("/v1/callbacks", tags=["Callbacks"], errors=("BACKPRESSURE", "VAL_CURSOR"))
@inject
async def list_callbacks(
    *,
    request: AnyRequest,
    handler: FromDishka[ListCallbacksHandler],
    provider_account_id: Annotated[str | None, QueryParameter(pattern=r"^pac_[0-9a-f]{32}\Z")] = None,
    provider: Annotated[str | None, QueryParameter(max_length=64)] = None,
    callback_state: Annotated[CallbackState | None, QueryParameter(name="state")] = None,
    received_from: Annotated[datetime | None, QueryParameter(name="from", description="Inclusive.")] = None,
    received_before: Annotated[datetime | None, QueryParameter(name="to", description="Exclusive.")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> CallbackPageOut:
    """List what providers sent, newest first; `state=unreadable` is what a person should look at."""
    account = id_in_query(Prefix.PROVIDER_ACCOUNT, "provider_account_id", provider_account_id)
    before = cursor_id(Prefix.CALLBACK, cursor)
    wanted = CallbackFilter(
        provider_account_id=None if account is None else ProviderAccountId(account),
        provider=provider,
        state=callback_state,
        received_from=moment_in_query("from", received_from),
        received_before=moment_in_query("to", received_before),
    )
    command = ListCallbacks(wanted=wanted, before=None if before is None else CallbackId(before), limit=limit)
    return page_out(await handler(command, call_of(request)))


@get("/v1/callbacks/{callback_id:str}", tags=["Callbacks"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_callback(
    callback_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetCallbackHandler]
) -> CallbackDetailOut:
    """Show a callback with its bytes, its headers and what was read from it."""
    command = GetCallback(CallbackId(id_in_path(Prefix.CALLBACK, callback_id)))
    return detail_out(await handler(command, call_of(request)))


KEPT_CALLBACK_ROUTES = (list_callbacks, get_callback)
