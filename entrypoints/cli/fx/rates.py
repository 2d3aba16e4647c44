"""`mediator fx rates`."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter
from dishka import Provider, Scope, provide

from adapters.fx.ecb import EcbRates
from adapters.fx.fetching import BoundedFetch
from adapters.fx.nrb import NrbRates
from application.fx.list_rates import ListRates, ListRatesHandler
from application.fx.refresh_rates import RateSources, RefreshRatesHandler
from application.ports.fx import RateSource
from domain.fx.rates import ChosenSheet, Source
from entrypoints.cli import output
from entrypoints.cli.fx.quotes_shown import sheet_shown, sheet_table
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.options import HERE, Asking
from entrypoints.cli.ledger.reading import read_day
from entrypoints.cli.ledger.showing import card, tell
from entrypoints.cli.trouble import USAGE, Trouble

EVER = date(1990, 1, 1)
"""Before anybody published rates of any euro."""

rates = App(name="rates", help="Load and list published rates.", version_flags=())


class OneFile(Provider):
    """Has rates read from a file, in place of where the settings say."""

    scope = Scope.APP

    def __init__(self, source: RateSource) -> None:
        """Read from this source alone."""
        super().__init__()
        self._source = source

    @provide
    def sources(self) -> RateSources:
        """Give the one source."""
        return RateSources((self._source,))


@rates.command
def load(
    source: Annotated[Source, Parameter(help="Who published it.")],
    file: Annotated[Path, Parameter(help="The ECB's CSV or the ZIP around it; the NRB's JSON.")],
    *,
    since: Annotated[
        date | None, Parameter(converter=read_day, n_tokens=1, help="From this day on; everything if left out.")
    ] = None,
    asking: Asking = HERE,
) -> None:
    """Load published rates from a file. Each day is taken whole or not at all; a file with a fault is not used.

    For example:

    - `mediator fx rates load ecb eurofxref-hist.zip --since 2026-01-01`
    """
    if not file.is_file():
        raise Trouble(f"{file} cannot be read: there is no such file.", exit_code=USAGE)
    reading = EcbRates(str(file), BoundedFetch()) if source is Source.ECB else NrbRates(str(file), BoundedFetch())
    written = at_desk(asking, partial(_load, since=since or EVER), OneFile(reading))
    facts = {"source": source.value, "file": str(file), "rates_new_or_corrected": written}
    tell(facts, card("Rates loaded", {"source": source.value, "file": file, "new": written}), as_json=asking.json)


async def _load(desk: Desk, *, since: date) -> int:
    handler = await desk.get(RefreshRatesHandler)
    console = output.news()
    with console.status("Reading and writing rates"):
        return await handler(since=since)


@rates.command(name="list")
def list_(
    *,
    source: Annotated[Source | None, Parameter(help="Whose rates; the settings' choice if left out.")] = None,
    day: Annotated[
        date | None, Parameter(converter=read_day, n_tokens=1, help="For which day; today if left out.")
    ] = None,
    currency: Annotated[str, Parameter(help="Only those of this currency.")] = "",
    asking: Asking = HERE,
) -> None:
    """List the rates of a source that hold for a day, and say why they do.

    For example:

    - `mediator fx rates list --source ecb --day 2026-10-30 --currency USD`
    """
    shown = sheet_shown(at_desk(asking, partial(_list, wanted=ListRates(source=source, day=day))))
    if currency:
        wanted = tuple(one for one in shown.rates if currency in {one.base, one.quote})
        shown = msgspec.structs.replace(shown, rates=wanted)
    if not asking.json:
        output.say(shown.day_reason)
    tell(shown, sheet_table(shown), as_json=asking.json)


async def _list(desk: Desk, *, wanted: ListRates) -> ChosenSheet:
    return await (await desk.get(ListRatesHandler))(wanted)
