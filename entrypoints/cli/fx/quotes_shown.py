"""How quotes, rates and the exposure are printed."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import msgspec
from rich.table import Table

from application.ports.journal import Answer
from domain.fx.conversion import Exposure
from domain.fx.quotes import FxQuote
from domain.fx.rates import ChosenSheet
from domain.ids import Prefix, public_id
from entrypoints.cli.ledger.answers import answer_of
from entrypoints.cli.ledger.showing import Exact, card, exact, grid, instant, money

DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)
"""Rates are shown to fifteen digits; what is computed with is the exact fraction."""


class QuoteShown(msgspec.Struct, frozen=True, kw_only=True):
    """A price for changing one currency into another; amounts in minor units, `rate` less the margin."""

    id: str
    state: str
    fixed_side: str
    source_currency: str
    source_amount: Exact
    target_currency: str
    target_amount: Exact
    rate: str
    exact_rate: str
    rate_source: str
    rate_day: date
    day_reason: str
    margin_basis_points: int
    reserved_for: str | None
    transaction_id: str | None
    expires_at: datetime
    created_at: datetime


def quote_shown(quote: FxQuote) -> QuoteShown:
    """Show a quote."""
    found = quote.transaction_id
    return QuoteShown(
        id=public_id(Prefix.FX_QUOTE, quote.id),
        state=quote.state.value,
        fixed_side=quote.fixed_side.value,
        source_currency=quote.source_currency,
        source_amount=exact(quote.source_minor),
        target_currency=quote.target_currency,
        target_amount=exact(quote.target_minor),
        rate=_decimal(quote.customer_rate),
        exact_rate=quote.terms.rate,
        rate_source=quote.terms.source.value,
        rate_day=quote.terms.rate_day,
        day_reason=quote.terms.day_reason,
        margin_basis_points=quote.terms.margin_basis_points,
        reserved_for=quote.reserved_for,
        transaction_id=None if found is None else public_id(Prefix.LEDGER_TRANSACTION, found),
        expires_at=quote.expires_at,
        created_at=quote.created_at,
    )


def told(quote: FxQuote) -> Answer:
    """Tell a quote to whoever asked under a key."""
    return answer_of(quote_shown(quote))


def _decimal(number: Fraction) -> str:
    return f"{DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator)):f}"


def quote_card(shown: QuoteShown) -> Table:
    """Tell one quote."""
    facts = {
        "id": shown.id,
        "state": shown.state,
        "you pay": money(shown.source_amount, shown.source_currency),
        "you get": money(shown.target_amount, shown.target_currency),
        "fixed": shown.fixed_side,
        "rate": f"{shown.rate} {shown.target_currency} per {shown.source_currency}",
        "margin": f"{shown.margin_basis_points} basis points",
        "rates": shown.day_reason,
        "reserved for": shown.reserved_for,
        "transaction": shown.transaction_id,
        "expires at": instant(shown.expires_at),
    }
    return card("Quote", facts)


def quote_table(found: Sequence[QuoteShown]) -> Table:
    """Tell many quotes."""
    columns = ("made at", "quote", "state", "pays", "gets", "rate", "expires at", "reserved for")
    rows = (
        (
            instant(one.created_at),
            one.id,
            one.state,
            money(one.source_amount, one.source_currency),
            money(one.target_amount, one.target_currency),
            one.rate,
            instant(one.expires_at),
            one.reserved_for or "",
        )
        for one in found
    )
    return grid("Quotes", columns, rows, right=("pays", "gets", "rate"))


class RateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A published price: `unit` of `base` cost `value` of `quote`."""

    base: str
    quote: str
    unit: int
    side: str
    value: Decimal


class SheetShown(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one source that hold for a day."""

    rate_source: str
    wanted_day: date
    rate_day: date
    day_reason: str
    rates: tuple[RateShown, ...]


def sheet_shown(chosen: ChosenSheet) -> SheetShown:
    """Show the rates that hold for a day."""
    return SheetShown(
        rate_source=chosen.sheet.source.value,
        wanted_day=chosen.wanted,
        rate_day=chosen.sheet.as_of,
        day_reason=chosen.reason,
        rates=tuple(
            RateShown(base=one.base, quote=one.quote, unit=one.unit, side=one.side.value, value=one.value)
            for one in chosen.sheet.rates
        ),
    )


def sheet_table(shown: SheetShown) -> Table:
    """Tell the rates of a day."""
    rows = ((one.unit, one.base, one.side, f"{one.value:f}", one.quote) for one in shown.rates)
    columns = ("unit", "of", "side", "cost", "in")
    return grid("Rates", columns, rows, right=("unit", "cost"))


class ExposureShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is at stake in one currency, in minor units: long above zero, short below."""

    currency: str
    position: Exact
    reserved: Exact
    open: Exact
    rounding: Exact


def exposure_shown(exposure: Exposure) -> ExposureShown:
    """Show the exposure in one currency."""
    return ExposureShown(
        currency=exposure.currency,
        position=exact(exposure.position_minor),
        reserved=exact(exposure.reserved_minor),
        open=exact(exposure.open_minor),
        rounding=exact(exposure.rounding_minor),
    )


def exposure_table(found: Sequence[ExposureShown]) -> Table:
    """Tell the exposure."""
    columns = ("currency", "position", "reserved", "open", "rounding")
    rows = (
        (one.currency, *(money(minor, one.currency) for minor in (one.position, one.reserved, one.open, one.rounding)))
        for one in found
    )
    return grid("Exposure", columns, rows, right=columns[1:])
