"""The door to the ledger: accounts, balances and entries."""

from datetime import datetime
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get
from litestar.params import QueryParameter

from application.ledger.list_accounts import AccountPage, ListAccounts, ListAccountsHandler
from application.ledger.list_entries import ListEntries, ListEntriesHandler
from application.ports.ledger import EntryFilter
from domain.ids import LedgerAccountId, Prefix, public_id
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.control_shapes import AccountPageOut, account_out
from entrypoints.http.paging import LIMIT_MAX, cursor_id, entry_cursor, id_in_query, moment_in_query
from entrypoints.http.shapes import (
    BalancePageOut,
    EntryPageOut,
    balance_out,
    entry_out,
)

Cursor = Annotated[str | None, QueryParameter(max_length=64)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
CurrencyFilter = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")]
CodeFilter = Annotated[str | None, QueryParameter(min_length=1, max_length=200, description="The account's code.")]


@get("/v1/ledger/accounts", tags=["Ledger"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_accounts(
    *,
    request: AnyRequest,
    handler: FromDishka[ListAccountsHandler],
    currency: CurrencyFilter = None,
    code: CodeFilter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AccountPageOut:
    """List the accounts of the ledger, in the order in which they were opened."""
    page = await handler(_wanted(currency, code, cursor, limit), call_of(request))
    return AccountPageOut(tuple(account_out(account) for account in page.accounts), _next(page))


@get("/v1/ledger/balances", tags=["Ledger"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_balances(
    *,
    request: AnyRequest,
    handler: FromDishka[ListAccountsHandler],
    currency: CurrencyFilter = None,
    code: CodeFilter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BalancePageOut:
    """List how the accounts stand: posted, pending, available, and what of it is at risk."""
    page = await handler(_wanted(currency, code, cursor, limit), call_of(request))
    return BalancePageOut(tuple(balance_out(account) for account in page.accounts), _next(page))


@get("/v1/ledger/entries", tags=["Ledger"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_entries(
    *,
    request: AnyRequest,
    handler: FromDishka[ListEntriesHandler],
    account_id: Annotated[str | None, QueryParameter(pattern=r"^acc_[0-9a-f]{32}\Z")] = None,
    payment_id: Annotated[str | None, QueryParameter(pattern=r"^pay_[0-9a-f]{32}\Z")] = None,
    recorded_from: Annotated[datetime | None, QueryParameter(description="From this moment on.")] = None,
    recorded_before: Annotated[datetime | None, QueryParameter(description="Before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EntryPageOut:
    """List entries, newest first. Give `next_cursor` back as `cursor` to go on."""
    account = id_in_query(Prefix.LEDGER_ACCOUNT, "account_id", account_id)
    command = ListEntries(
        wanted=EntryFilter(
            account_id=None if account is None else LedgerAccountId(account),
            payment_id=id_in_query(Prefix.PAYMENT, "payment_id", payment_id),
            recorded_from=moment_in_query("recorded_from", recorded_from),
            recorded_before=moment_in_query("recorded_before", recorded_before),
        ),
        before=entry_cursor(cursor),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(entry_out(entry) for entry in page.entries)
    return EntryPageOut(data, data[-1].id if page.has_more else None)


def _wanted(currency: str | None, code: str | None, cursor: str | None, limit: int) -> ListAccounts:
    after = cursor_id(Prefix.LEDGER_ACCOUNT, cursor)
    return ListAccounts(
        currency=currency, code=code, after=None if after is None else LedgerAccountId(after), limit=limit
    )


def _next(page: AccountPage) -> str | None:
    return public_id(Prefix.LEDGER_ACCOUNT, page.accounts[-1].id) if page.has_more else None


LEDGER_ROUTES = (list_accounts, list_balances, list_entries)
