"""`mediator fx quote`, `reserve` and `release`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import Parameter

from application.fx.open_quote import OpenQuote, OpenQuoteHandler
from application.fx.release_quote import ReleaseQuote, ReleaseQuoteHandler
from application.fx.reserve_quote import ReserveQuote, ReserveQuoteHandler
from application.ports.journal import Answer
from domain.fx.pricing import MARGIN_MAX, FixedSide
from domain.fx.rates import Source
from domain.ids import Prefix, QuoteId
from entrypoints.cli.fx.quotes_shown import QuoteShown, quote_card, told
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, AmountOption, Asking, KeyOption, MajorOption, YesOption
from entrypoints.cli.ledger.reading import amount_in, currency_in, read_minor
from entrypoints.cli.ledger.showing import note_replay, tell
from entrypoints.cli.trouble import USAGE, Trouble

QuoteArgument = Annotated[str, Parameter(help="The quote: fxq_...")]


def quote(
    *,
    source: Annotated[str, Parameter(name="--from", help="ISO 4217 code of what is paid.")],
    target: Annotated[str, Parameter(name="--to", help="ISO 4217 code of what is received.")],
    amount: AmountOption = None,
    major: MajorOption = "",
    fixed: Annotated[
        FixedSide, Parameter(help="source: the amount is paid exactly; target: it is received exactly.")
    ] = FixedSide.SOURCE,
    rates: Annotated[Source | None, Parameter(help="Whose rates; the settings' choice if left out.")] = None,
    margin: Annotated[
        int | None, Parameter(converter=read_minor, n_tokens=1, help="Basis points; the settings' if left out.")
    ] = None,
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Ask for a price, with everything that explains it. Reserve it before it expires.

    For example:

    - `mediator fx quote --from EUR --to USD --major 100.00`
    - `mediator fx quote --from EUR --to JPY --amount 5000 --fixed target`
    """
    paid, received = currency_in(source), currency_in(target)
    if margin is not None and margin > MARGIN_MAX:
        raise Trouble(f"--margin is at most {MARGIN_MAX} basis points.", exit_code=USAGE)
    command = OpenQuote(
        source_currency=paid,
        target_currency=received,
        fixed_side=fixed,
        amount_minor=amount_in(amount, major, paid if fixed is FixedSide.SOURCE else received),
        rate_source=rates,
        margin_basis_points=margin,
    )
    _tell(at_desk(asking, partial(_quote, command=command, key=key)), as_json=asking.json)


async def _quote(desk: Desk, *, command: OpenQuote, key: str) -> Answer:
    handler = await desk.get(OpenQuoteHandler)
    return await handler(command, desk.keyed_call("fx quote", key, command), told)


def reserve(
    quote: QuoteArgument,
    *,
    reserved_for: Annotated[str, Parameter(name="--for", help="Your own reference: an order, a payment.")],
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Reserve a quote, once and before it expires. From then on its price is honoured, however late it is used.

    For example:

    - `mediator fx reserve fxq_0198c5a0b1c27d3e8f00112233445566 --for "order 17"`
    """
    command = ReserveQuote(quote_id=QuoteId(id_in(Prefix.FX_QUOTE, quote)), reserved_for=reserved_for)
    _tell(at_desk(asking, partial(_reserve, command=command, key=key)), as_json=asking.json)


async def _reserve(desk: Desk, *, command: ReserveQuote, key: str) -> Answer:
    handler = await desk.get(ReserveQuoteHandler)
    return await handler(command, desk.keyed_call("fx reserve", key, command), told)


def release(quote: QuoteArgument, *, key: KeyOption = "", yes: YesOption = False, asking: Asking = HERE) -> None:
    """Give a reserved quote up. It cannot be used again."""
    command = ReleaseQuote(QuoteId(id_in(Prefix.FX_QUOTE, quote)))
    confirm(f"Give {quote} up?", yes=yes)
    _tell(at_desk(asking, partial(_release, command=command, key=key)), as_json=asking.json)


async def _release(desk: Desk, *, command: ReleaseQuote, key: str) -> Answer:
    handler = await desk.get(ReleaseQuoteHandler)
    return await handler(command, desk.keyed_call("fx release", key, command), told)


def _tell(answer: Answer, *, as_json: bool) -> None:
    note_replay(replayed=answer.replayed)
    shown = msgspec.json.decode(answer.body, type=QuoteShown)
    tell(shown, quote_card(shown), as_json=as_json)
