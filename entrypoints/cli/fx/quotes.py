"""`mediator fx quotes`."""

from functools import partial
from typing import Annotated

from cyclopts import App, Parameter

from application.fx.get_quote import GetQuote, GetQuoteHandler
from application.fx.list_quotes import ListQuotes, ListQuotesHandler
from domain.fx.quotes import FxQuote, QuoteState
from domain.ids import Prefix, QuoteId
from entrypoints.cli.fx.quote import QuoteArgument
from entrypoints.cli.fx.quotes_shown import quote_card, quote_shown, quote_table
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, ROWS, AllOption, Asking, RowsOption
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.showing import tell, tell_rows

quotes = App(name="quotes", help="List and show quotes.", version_flags=())


@quotes.command(name="list")
def list_(
    *,
    state: Annotated[QuoteState | None, Parameter(help="Only those in this state.")] = None,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List quotes, newest first."""
    found, has_more = at_desk(asking, partial(_list, state=state, limit=limit, every=every))
    shown = tuple(quote_shown(one) for one in found)
    tell_rows(shown, quote_table(shown), as_json=asking.json, none="There is no such quote.", has_more=has_more)


async def _list(desk: Desk, *, state: QuoteState | None, limit: int, every: bool) -> tuple[tuple[FxQuote, ...], bool]:
    handler = await desk.get(ListQuotesHandler)

    async def read(last: FxQuote | None, count: int) -> tuple[tuple[FxQuote, ...], bool]:
        command = ListQuotes(state=state, before=None if last is None else last.id, limit=count)
        page = await handler(command, desk.call())
        return page.quotes, page.has_more

    return await rows(read, limit=limit, every=every)


@quotes.command
def show(quote: QuoteArgument, *, asking: Asking = HERE) -> None:
    """Show one quote, whatever became of it."""
    shown = quote_shown(at_desk(asking, partial(_show, quote_id=QuoteId(id_in(Prefix.FX_QUOTE, quote)))))
    tell(shown, quote_card(shown), as_json=asking.json)


async def _show(desk: Desk, *, quote_id: QuoteId) -> FxQuote:
    return await (await desk.get(GetQuoteHandler))(GetQuote(quote_id), desk.call())
