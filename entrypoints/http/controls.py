"""The door to what the ledger goes by: accounts, limits and balance monitors."""

from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from application.ledger.change_account import ChangeAccountHandler
from application.ledger.end_limit import EndLimit, EndLimitHandler
from application.ledger.end_monitor import EndMonitor, EndMonitorHandler
from application.ledger.get_account import GetAccount, GetAccountHandler
from application.ledger.list_limits import ListLimits, ListLimitsHandler
from application.ledger.list_monitors import ListMonitors, ListMonitorsHandler
from application.ledger.make_limit import MakeLimit, MakeLimitHandler
from application.ledger.make_monitor import MakeMonitor, MakeMonitorHandler
from application.ledger.open_account import OpenAccount, OpenAccountHandler
from application.ports.controls import AccountChange
from domain.ids import ApiKeyId, LedgerAccountId, LimitId, MonitorId, Prefix, find_id
from domain.limits import LimitScope
from domain.money import currency_of
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.control_shapes import (
    AccountOut,
    ChangeAccountIn,
    LimitOut,
    LimitPageOut,
    MakeMonitorIn,
    MonitorOut,
    MonitorPageOut,
    OneLimitIn,
    OpenAccountIn,
    account_out,
    limit_out,
    monitor_out,
    overdraft_of,
)
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, id_in_query

Cursor = Annotated[str | None, QueryParameter(max_length=64)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
Ended = Annotated[bool, QueryParameter(description="Also those that ended.")]


@post(
    "/v1/ledger/accounts",
    status_code=201,
    tags=["Ledger"],
    idempotent=True,
    errors=("BACKPRESSURE", "LEDGER_ACCOUNT_EXISTS", "VAL_CURRENCY"),
)
@inject
async def open_account(
    data: JSONBody[OpenAccountIn], request: AnyRequest, handler: FromDishka[OpenAccountHandler]
) -> Response[AccountOut]:
    """Open an account of the ledger.

    Its code path and its currency name it; the currency is fixed for life. Without `overdraft`, what is available
    never falls below zero.
    """
    command = OpenAccount(
        code=data.code,
        currency=currency_of(data.currency),
        normal_balance=data.normal_balance,
        overdraft_limit=overdraft_of(data.overdraft),
        metadata=data.metadata,
    )
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/ledger/accounts/{account_id:str}", tags=["Ledger"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_account(
    account_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetAccountHandler]
) -> AccountOut:
    """Tell an account."""
    command = GetAccount(LedgerAccountId(id_in_path(Prefix.LEDGER_ACCOUNT, account_id)))
    return account_out(await handler(command, call_of(request)))


@patch(
    "/v1/ledger/accounts/{account_id:str}",
    tags=["Ledger"],
    errors=("BACKPRESSURE", "LEDGER_ACCOUNT_CLOSED", "STATE_CONFLICT"),
)
@inject
async def change_account(
    account_id: FromPath[str],
    data: JSONBody[ChangeAccountIn],
    request: AnyRequest,
    handler: FromDishka[ChangeAccountHandler],
) -> AccountOut:
    """Freeze, unfreeze or close an account; set its overdraft or its metadata.

    An account is closed only when its posted and pending balances are zero, and stays closed. Repeating a change
    changes nothing more, so no idempotency key is needed.
    """
    command = AccountChange(
        id=LedgerAccountId(id_in_path(Prefix.LEDGER_ACCOUNT, account_id)),
        version=None if data.version is UNSET else data.version,
        state=None if data.state is UNSET else data.state,
        sets_overdraft=data.overdraft is not UNSET,
        overdraft_limit=None if data.overdraft is UNSET else overdraft_of(data.overdraft),
        metadata=None if data.metadata is UNSET else data.metadata,
    )
    return account_out(await handler(command, call_of(request)))


@post(
    "/v1/ledger/limits",
    status_code=201,
    tags=["Limits"],
    idempotent=True,
    errors=("BACKPRESSURE", "LEDGER_ACCOUNT_UNKNOWN", "LEDGER_CURRENCY_MISMATCH", "NOT_FOUND", "VAL_CURRENCY"),
)
@inject
async def make_limit(
    data: JSONBody[OneLimitIn], request: AnyRequest, handler: FromDishka[MakeLimitHandler]
) -> Response[LimitOut]:
    """Limit what may go out in a window of time.

    Of an account: what transfers and holds take out of it. Of all your accounts, or by an API key: what is debited in
    that currency. It counts from now on, and is checked where money is booked: calls at the same time cannot exceed it.
    """
    key = None if data.api_key_id is UNSET else find_id(Prefix.API_KEY, data.api_key_id)
    command = MakeLimit(
        scope=data.scope,
        currency=currency_of(data.currency),
        window_seconds=data.window_seconds,
        amount_max=None if data.amount_max is UNSET else data.amount_max,
        count_max=None if data.count_max is UNSET else data.count_max,
        account=None if data.account is UNSET else data.account,
        api_key_id=None if key is None else ApiKeyId(key),
    )
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/ledger/limits", tags=["Limits"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_limits(
    *,
    request: AnyRequest,
    handler: FromDishka[ListLimitsHandler],
    limit_scope: Annotated[LimitScope | None, QueryParameter(name="scope")] = None,
    ended: Ended = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> LimitPageOut:
    """List limits, newest first, with what is used of each in the window that is open now."""
    before = cursor_id(Prefix.LIMIT_POLICY, cursor)
    command = ListLimits(
        scope=limit_scope, ended=ended, before=None if before is None else LimitId(before), limit=limit
    )
    page = await handler(command, call_of(request))
    data = tuple(limit_out(one) for one in page.limits)
    return LimitPageOut(data, data[-1].id if page.has_more else None)


@delete(
    "/v1/ledger/limits/{limit_id:str}", status_code=200, tags=["Limits"], errors=("BACKPRESSURE",), never=("VAL_FIELD",)
)
@inject
async def end_limit(limit_id: FromPath[str], request: AnyRequest, handler: FromDishka[EndLimitHandler]) -> LimitOut:
    """End a limit. It is kept, with when it ended; ending it again changes nothing."""
    command = EndLimit(LimitId(id_in_path(Prefix.LIMIT_POLICY, limit_id)))
    return limit_out(await handler(command, call_of(request)))


@post(
    "/v1/ledger/monitors",
    status_code=201,
    tags=["Monitors"],
    idempotent=True,
    errors=("BACKPRESSURE", "LEDGER_ACCOUNT_UNKNOWN", "VAL_CURRENCY"),
)
@inject
async def make_monitor(
    data: JSONBody[MakeMonitorIn], request: AnyRequest, handler: FromDishka[MakeMonitorHandler]
) -> Response[MonitorOut]:
    """Watch the balance of an account.

    The monitor fires once when its condition begins to hold, as an event, and again only after it ceased to hold.
    """
    command = MakeMonitor(
        account=data.account,
        currency=None if data.currency is UNSET else currency_of(data.currency),
        measure=data.measure,
        comparison=data.comparison,
        threshold_minor=int(data.threshold),
        description=data.description,
    )
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/ledger/monitors", tags=["Monitors"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_monitors(
    *,
    request: AnyRequest,
    handler: FromDishka[ListMonitorsHandler],
    account_id: Annotated[str | None, QueryParameter(pattern=r"^acc_[0-9a-f]{32}\Z")] = None,
    ended: Ended = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> MonitorPageOut:
    """List balance monitors, newest first."""
    account = id_in_query(Prefix.LEDGER_ACCOUNT, "account_id", account_id)
    before = cursor_id(Prefix.BALANCE_MONITOR, cursor)
    command = ListMonitors(
        account_id=None if account is None else LedgerAccountId(account),
        ended=ended,
        before=None if before is None else MonitorId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(monitor_out(one) for one in page.monitors)
    return MonitorPageOut(data, data[-1].id if page.has_more else None)


@delete(
    "/v1/ledger/monitors/{monitor_id:str}",
    status_code=200,
    tags=["Monitors"],
    errors=("BACKPRESSURE",),
    never=("VAL_FIELD",),
)
@inject
async def end_monitor(
    monitor_id: FromPath[str], request: AnyRequest, handler: FromDishka[EndMonitorHandler]
) -> MonitorOut:
    """End a monitor. It is kept, with when it ended; ending it again changes nothing."""
    command = EndMonitor(MonitorId(id_in_path(Prefix.BALANCE_MONITOR, monitor_id)))
    return monitor_out(await handler(command, call_of(request)))


CONTROL_ROUTES = (
    open_account,
    get_account,
    change_account,
    make_limit,
    list_limits,
    end_limit,
    make_monitor,
    list_monitors,
    end_monitor,
)
