"""`mediator fx execute`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import Parameter

from application.fx.execute_quote import ExecuteQuote, ExecuteQuoteHandler
from application.ledger.make_transfer import BookedTransfer
from domain.ids import Prefix, QuoteId
from entrypoints.cli.fx.quote import QuoteArgument
from entrypoints.cli.fx.quotes_shown import QuoteShown, quote_card, quote_shown
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.names import codes_of, id_in
from entrypoints.cli.ledger.options import HERE, Asking, KeyOption
from entrypoints.cli.ledger.showing import note_replay, tell
from entrypoints.cli.ledger.transfers_shown import TransferShown, transfer_shown, transfer_tables


class ConversionShown(msgspec.Struct, frozen=True):
    """An exchange that was made."""

    quote: QuoteShown
    transfer: TransferShown


def execute(
    quote: QuoteArgument,
    *,
    source: Annotated[str, Parameter(name="--from", help="The account that is debited: id or code path.")],
    target: Annotated[str, Parameter(name="--to", help="The account that is credited.")],
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Exchange at a quote's price, once: an open quote is reserved first.

    When the ledger refuses, the quote stays reserved: try again with a new key, or release it.

    For example:

    - `mediator fx execute fxq_0198c5a0b1c27d3e8f00112233445566 --from customer:42:payable --to customer:42:payable`
    """
    command = ExecuteQuote(
        quote_id=QuoteId(id_in(Prefix.FX_QUOTE, quote)), source_account=source, target_account=target
    )
    shown = at_desk(asking, partial(_execute, command=command, key=key))
    tell(shown, quote_card(shown.quote), *transfer_tables(shown.transfer), as_json=asking.json)


async def _execute(desk: Desk, *, command: ExecuteQuote, key: str) -> ConversionShown:
    handler = await desk.get(ExecuteQuoteHandler)
    made = await handler(command, desk.keyed_call("fx execute", key, command))
    note_replay(replayed=made.posting.replayed)
    codes = await codes_of(desk, (leg.account_id for leg in made.posting.entries))
    return ConversionShown(quote_shown(made.quote), transfer_shown(BookedTransfer(made.order, made.posting), codes))
