"""The door to exchange: published rates, quotes and what becomes of them, and the exposure."""

from datetime import date
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.fx.execute_quote import ExecuteQuote, ExecuteQuoteHandler
from application.fx.get_quote import GetQuote, GetQuoteHandler
from application.fx.list_quotes import ListQuotes, ListQuotesHandler
from application.fx.list_rates import ListRates, ListRatesHandler
from application.fx.open_quote import OpenQuote, OpenQuoteHandler
from application.fx.release_quote import ReleaseQuote, ReleaseQuoteHandler
from application.fx.report_exposure import ReportExposureHandler
from application.fx.reserve_quote import ReserveQuote, ReserveQuoteHandler
from domain.fx.quotes import QuoteState
from domain.fx.rates import Source
from domain.ids import Prefix, QuoteId
from domain.money import currency_of
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.fx_shapes import (
    ConversionOut,
    ExecuteQuoteIn,
    ExposureReportOut,
    OpenQuoteIn,
    QuoteOut,
    QuotePageOut,
    RateSheetOut,
    ReserveQuoteIn,
    converted_answer,
    exposure_out,
    moved_answer,
    opened_answer,
    quote_out,
    sheet_out,
)
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path
from entrypoints.http.words import Nothing

# No route here holds an idempotency key without its answer, so none of them ever says IDEM_IN_FLIGHT.

CurrencyFilter = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")]


@get("/v1/fx/rates", tags=["Exchange"], errors=("BACKPRESSURE", "FX_RATE_UNAVAILABLE"))
@inject
async def list_rates(
    *,
    handler: FromDishka[ListRatesHandler],
    source: Annotated[
        Source | None, QueryParameter(description="Whose rates; the operator's choice if left out.")
    ] = None,
    day: Annotated[date | None, QueryParameter(description="For which day; today if left out.")] = None,
    base: CurrencyFilter = None,
    quote: CurrencyFilter = None,
) -> RateSheetOut:
    """List the rates of a source that hold for a day.

    On a day for which the source published nothing, its last rates serve, within the operator's number of days;
    `day_reason` says which and why. A currency that the source left out has no rate, and is never filled in.
    """
    chosen = await handler(ListRates(source=source, day=day))
    return sheet_out(chosen, base=base, quote=quote)


@post(
    "/v1/fx/quotes",
    status_code=201,
    tags=["Exchange"],
    idempotent=True,
    errors=("BACKPRESSURE", "FX_RATE_UNAVAILABLE", "VAL_AMOUNT", "VAL_CURRENCY"),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def open_quote(
    data: JSONBody[OpenQuoteIn], request: AnyRequest, handler: FromDishka[OpenQuoteHandler]
) -> Response[QuoteOut]:
    """Ask for a price.

    The cross rate goes through the source's own currency unrounded, the margin is taken off, and the computed amount
    is rounded once, against the customer. `terms` explain it all. Reserve the quote before `expires_at`.
    """
    command = OpenQuote(
        source_currency=currency_of(data.source_currency, pointer="/source_currency"),
        target_currency=currency_of(data.target_currency, pointer="/target_currency"),
        fixed_side=data.fixed_side,
        amount_minor=int(data.amount),
        rate_source=data.rate_source,
        margin_basis_points=data.margin_basis_points,
    )
    return answered(await handler(command, idempotent_call(request), opened_answer))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/fx/quotes", tags=["Exchange"], errors=("BACKPRESSURE", "VAL_CURSOR"))
@inject
async def list_quotes(
    *,
    request: AnyRequest,
    handler: FromDishka[ListQuotesHandler],
    quote_state: Annotated[QuoteState | None, QueryParameter(name="state")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
) -> QuotePageOut:
    """List quotes, newest first. Give `next_cursor` back as `cursor` to go on."""
    before = cursor_id(Prefix.FX_QUOTE, cursor)
    command = ListQuotes(state=quote_state, before=None if before is None else QuoteId(before), limit=limit)
    page = await handler(command, call_of(request))
    data = tuple(quote_out(quote) for quote in page.quotes)
    return QuotePageOut(data, data[-1].id if page.has_more else None)


@get("/v1/fx/quotes/{quote_id:str}", tags=["Exchange"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_quote(quote_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetQuoteHandler]) -> QuoteOut:
    """Tell a quote, whatever became of it."""
    return quote_out(await handler(GetQuote(_id_in(quote_id)), call_of(request)))


@post(
    "/v1/fx/quotes/{quote_id:str}/reserve",
    status_code=200,
    tags=["Exchange"],
    idempotent=True,
    errors=("BACKPRESSURE", "FX_QUOTE_EXPIRED", "FX_QUOTE_USED"),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def reserve_quote(
    quote_id: FromPath[str],
    data: JSONBody[ReserveQuoteIn],
    request: AnyRequest,
    handler: FromDishka[ReserveQuoteHandler],
) -> Response[QuoteOut]:
    """Reserve a quote, once and before it expires. From then on its price is honoured, however late it is used."""
    command = ReserveQuote(quote_id=_id_in(quote_id), reserved_for=data.reserved_for)
    return answered(await handler(command, idempotent_call(request), moved_answer))  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/fx/quotes/{quote_id:str}/execute",
    status_code=201,
    tags=["Exchange"],
    idempotent=True,
    errors=(
        "BACKPRESSURE",
        "FX_QUOTE_EXPIRED",
        "FX_QUOTE_USED",
        "GATE_LIMIT_EXCEEDED",
        "LEDGER_ACCOUNT_CLOSED",
        "LEDGER_ACCOUNT_FROZEN",
        "LEDGER_ACCOUNT_UNKNOWN",
        "LEDGER_CURRENCY_MISMATCH",
        "LEDGER_INSUFFICIENT_FUNDS",
        "LEDGER_OVERFLOW",
    ),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def execute_quote(
    quote_id: FromPath[str],
    data: JSONBody[ExecuteQuoteIn],
    request: AnyRequest,
    handler: FromDishka[ExecuteQuoteHandler],
) -> Response[ConversionOut]:
    """Exchange at a quote's price, once.

    The source account is debited and the target account credited, each against the position in its currency, in one
    ledger transaction with the end of the quote. An open quote is reserved first. When the ledger refuses, the quote
    stays reserved: try again with a new key, or release it.
    """
    command = ExecuteQuote(
        quote_id=_id_in(quote_id), source_account=data.source_account, target_account=data.target_account
    )
    return answered(converted_answer(await handler(command, idempotent_call(request))))  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/fx/quotes/{quote_id:str}/release",
    status_code=200,
    tags=["Exchange"],
    idempotent=True,
    errors=("BACKPRESSURE", "FX_QUOTE_USED", "STATE_CONFLICT"),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def release_quote(
    quote_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReleaseQuoteHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[QuoteOut]:
    """Give a reserved quote up. It cannot be used again."""
    command = ReleaseQuote(_id_in(quote_id))
    return answered(await handler(command, idempotent_call(request), moved_answer))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/fx/exposure", tags=["Exchange"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def report_exposure(request: AnyRequest, handler: FromDishka[ReportExposureHandler]) -> ExposureReportOut:
    """Report what is at stake in each currency: booked positions, and what reserved quotes will add to them."""
    return ExposureReportOut(tuple(exposure_out(one) for one in await handler(call_of(request))))


def _id_in(text: str) -> QuoteId:
    return QuoteId(id_in_path(Prefix.FX_QUOTE, text))


FX_ROUTES = (
    list_rates,
    open_quote,
    list_quotes,
    get_quote,
    reserve_quote,
    execute_quote,
    release_quote,
    report_exposure,
)
