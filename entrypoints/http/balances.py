"""The door to balances at a time."""

from datetime import datetime
from typing import Annotated

import msgspec
from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from application.ledger.get_balance import GetBalance, GetBalanceHandler
from application.ports.balances import BalanceAt, Basis
from domain.ids import LedgerAccountId, Prefix, public_id
from domain.ledger import Direction
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.paging import id_in_path, moment_in_query
from entrypoints.http.shapes import BigMinorUnits, CurrencyCode, Instant, exact, utc


class BalanceAtOut(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stood at a time, on its normal side."""

    account_id: str
    account: Annotated[str, Meta(description="The account's code.")]
    currency: CurrencyCode
    normal_balance: Direction
    as_of: Instant
    by: Annotated[Basis, Meta(description="Which time of the entries counts.")]
    posted: BigMinorUnits
    pending: Annotated[
        BigMinorUnits | None, Meta(description="With what open holds would bring. Of now only: null with `as_of`.")
    ]
    available: Annotated[
        BigMinorUnits | None, Meta(description="Less what open holds may take. Of now only: null with `as_of`.")
    ]
    version: Annotated[int, Meta(description="The account's version then; 0 before its first entry.")]


@get("/v1/ledger/accounts/{account_id:str}/balance", tags=["Ledger"], errors=("BACKPRESSURE",))
@inject
async def get_balance(
    *,
    account_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[GetBalanceHandler],
    as_of: Annotated[
        datetime | None, QueryParameter(description="With every entry until this moment; now when it is not given.")
    ] = None,
    basis: Annotated[
        Basis,
        QueryParameter(
            name="by",
            description="`recorded`: what was in the books then. `effective`: what is in the books now and counts for "
            "that time or earlier.",
        ),
    ] = Basis.RECORDED,
) -> BalanceAtOut:
    """Tell how an account stands, or stood at a time.

    By what is recorded, a balance of the past never changes again; by what is effective, it follows later bookings for
    an earlier time.
    """
    command = GetBalance(
        account_id=LedgerAccountId(id_in_path(Prefix.LEDGER_ACCOUNT, account_id)),
        as_of=moment_in_query("as_of", as_of),
        basis=basis,
    )
    return balance_at_out(await handler(command, call_of(request)))


def balance_at_out(balance: BalanceAt) -> BalanceAtOut:
    """Show a balance at a time."""
    return BalanceAtOut(
        account_id=public_id(Prefix.LEDGER_ACCOUNT, balance.account_id),
        account=balance.code,
        currency=balance.currency,
        normal_balance=balance.normal_balance,
        as_of=utc(balance.as_of),
        by=balance.basis,
        posted=exact(balance.posted_minor),
        pending=None if balance.pending_minor is None else exact(balance.pending_minor),
        available=None if balance.available_minor is None else exact(balance.available_minor),
        version=balance.version,
    )


BALANCE_ROUTES = (get_balance,)
