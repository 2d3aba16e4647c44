"""What callers say and are told of exchange: rates, quotes, conversions and the exposure."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Annotated

import msgspec
from msgspec import Meta

from application.fx.execute_quote import Exchanged
from application.ledger.make_transfer import BookedTransfer
from application.ports.journal import Answer
from domain.fx.conversion import Exposure
from domain.fx.pricing import MARGIN_MAX, FixedSide
from domain.fx.quotes import FxQuote, QuoteState, QuoteTerms
from domain.fx.rates import ChosenSheet, MissingDay, Side, Source
from domain.ids import Prefix, public_id
from entrypoints.http.shapes import BigMinorUnits, CurrencyCode, Instant, exact, utc
from entrypoints.http.transfer_shapes import TransferOut, transfer_out
from entrypoints.http.words import AccountIn, AmountIn, CurrencyIn, Line

JSON = "application/json"
CREATED = 201
SHOWN = Context(prec=15, rounding=ROUND_HALF_EVEN)
"""Rates are shown to fifteen digits; what is computed with is the exact fraction."""

DecimalText = Annotated[str, Meta(description="A decimal number as text, exact.", examples=["1.1172"])]
FractionText = Annotated[str, Meta(description="An exact fraction as text.", examples=["2793/2500"])]


class OpenQuoteIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change: so much of the source currency, or as much as gives so much of the target currency."""

    source_currency: CurrencyIn
    target_currency: CurrencyIn
    amount: AmountIn
    fixed_side: Annotated[
        FixedSide, Meta(description="source: `amount` is paid exactly; target: `amount` is received exactly.")
    ] = FixedSide.SOURCE
    rate_source: Annotated[Source | None, Meta(description="Whose rates; the operator's choice if null.")] = None
    margin_basis_points: Annotated[
        Annotated[int, Meta(ge=0, le=MARGIN_MAX)] | None,
        Meta(description="Taken off the rate, against the customer: 50 is 0.5 %. The operator's choice if null."),
    ] = None


class ReserveQuoteIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is reserved for."""

    reserved_for: Annotated[Line, Meta(description="Your own reference: an order, a payment.", examples=["order 17"])]


class ExecuteQuoteIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between which accounts: the source account is debited, the target account credited."""

    source_account: AccountIn
    target_account: AccountIn


class QuotedStepOut(msgspec.Struct, frozen=True, kw_only=True):
    """One published price: `unit` of `base` cost `value` of `quote`; `inverse`: it was used the other way round."""

    base: CurrencyCode
    quote: CurrencyCode
    unit: int
    side: Side
    value: DecimalText
    published_at: Instant | None
    inverse: bool


class QuoteTermsOut(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that explains the amounts: whoever likes can compute them again."""

    rate_source: Source
    wanted_day: Annotated[date, Meta(description="The day for which rates were wanted: that of the quote.")]
    rate_day: Annotated[date, Meta(description="The day whose rates were used.")]
    missing_day: MissingDay
    days_back_max: int
    day_reason: Annotated[str, Meta(description="Why the rates of that day serve.")]
    steps: tuple[QuotedStepOut, ...]
    exact_rate: Annotated[FractionText, Meta(description="Target per source in major units, before the margin.")]
    margin_basis_points: int
    rounding: Annotated[str, Meta(description="How the computed amount was rounded, once.")]
    exact_amount: Annotated[FractionText, Meta(description="The computed amount in minor units, before rounding.")]
    rounding_amount: Annotated[int, Meta(description="Minor units that rounding leaves with the house: 0 or 1.")]


class QuoteOut(msgspec.Struct, frozen=True, kw_only=True):
    """A price for changing one currency into another, with everything that explains it."""

    id: Annotated[str, Meta(examples=["fxq_0198c5a0b1c27d3e8f00112233445566"])]
    state: QuoteState
    fixed_side: FixedSide
    source_currency: CurrencyCode
    source_amount: BigMinorUnits
    target_currency: CurrencyCode
    target_amount: BigMinorUnits
    rate: Annotated[DecimalText, Meta(description="Target per source in major units less the margin, to 15 digits.")]
    terms: QuoteTermsOut
    reserved_for: str | None
    transaction_id: Annotated[str | None, Meta(description="The ledger transaction that executed it.")]
    expires_at: Annotated[Instant, Meta(description="Until when it can be reserved; a reserved one is honoured.")]
    version: int
    created_at: Instant
    updated_at: Instant


class QuotePageOut(msgspec.Struct, frozen=True):
    """A page of quotes, newest first. `next_cursor` is null on the last page."""

    data: tuple[QuoteOut, ...]
    next_cursor: str | None


class ConversionOut(msgspec.Struct, frozen=True):
    """An exchange that was made."""

    quote: QuoteOut
    transfer: TransferOut


class RateOut(msgspec.Struct, frozen=True, kw_only=True):
    """A published price: `unit` of `base` cost `value` of `quote`."""

    base: CurrencyCode
    quote: CurrencyCode
    unit: int
    side: Annotated[Side, Meta(description="buy: what the source pays for the base; sell: what it asks for it.")]
    value: DecimalText
    published_at: Annotated[Instant | None, Meta(description="Null where the source does not say it.")]


class RateSheetOut(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one source that hold for a day."""

    rate_source: Source
    pivot: Annotated[CurrencyCode, Meta(description="The currency that cross rates go through.")]
    wanted_day: date
    rate_day: date
    day_reason: str
    rates: tuple[RateOut, ...]


class ExposureOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is at stake in one currency: long above zero, short below."""

    currency: CurrencyCode
    position: Annotated[BigMinorUnits, Meta(description="Booked on `fx:position:{currency}`.")]
    reserved: Annotated[BigMinorUnits, Meta(description="What reserved quotes will add to it.")]
    open: Annotated[BigMinorUnits, Meta(description="Both together.")]
    rounding: Annotated[BigMinorUnits, Meta(description="What rounding has left on `rounding:{currency}`.")]


class ExposureReportOut(msgspec.Struct, frozen=True):
    """The exposure in every currency that has any."""

    data: tuple[ExposureOut, ...]


def quote_out(quote: FxQuote) -> QuoteOut:
    """Show a quote."""
    return QuoteOut(
        id=public_id(Prefix.FX_QUOTE, quote.id),
        state=quote.state,
        fixed_side=quote.fixed_side,
        source_currency=quote.source_currency,
        source_amount=exact(quote.source_minor),
        target_currency=quote.target_currency,
        target_amount=exact(quote.target_minor),
        rate=shown(quote.customer_rate),
        terms=_terms_out(quote.terms),
        reserved_for=quote.reserved_for,
        transaction_id=None
        if quote.transaction_id is None
        else public_id(Prefix.LEDGER_TRANSACTION, quote.transaction_id),
        expires_at=utc(quote.expires_at),
        version=quote.version,
        created_at=utc(quote.created_at),
        updated_at=utc(quote.updated_at),
    )


def _terms_out(terms: QuoteTerms) -> QuoteTermsOut:
    return QuoteTermsOut(
        rate_source=terms.source,
        wanted_day=terms.wanted_day,
        rate_day=terms.rate_day,
        missing_day=terms.missing_day,
        days_back_max=terms.days_back_max,
        day_reason=terms.day_reason,
        steps=tuple(
            QuotedStepOut(
                base=step.base,
                quote=step.quote,
                unit=step.unit,
                side=step.side,
                value=format(step.value, "f"),
                published_at=None if step.published_at is None else utc(step.published_at),
                inverse=step.inverse,
            )
            for step in terms.steps
        ),
        exact_rate=terms.rate,
        margin_basis_points=terms.margin_basis_points,
        rounding=terms.rounding,
        exact_amount=terms.exact_minor,
        rounding_amount=terms.rounding_minor,
    )


def conversion_out(exchanged: Exchanged) -> ConversionOut:
    """Show an exchange."""
    quote = quote_out(exchanged.quote)
    transfer = transfer_out(BookedTransfer(exchanged.order, exchanged.posting))
    return ConversionOut(quote, msgspec.structs.replace(transfer, quote_id=quote.id))


def sheet_out(chosen: ChosenSheet, *, base: str | None, quote: str | None) -> RateSheetOut:
    """Show a sheet, or those of its rates that have this base and this quote."""
    sheet = chosen.sheet
    return RateSheetOut(
        rate_source=sheet.source,
        pivot=sheet.pivot,
        wanted_day=chosen.wanted,
        rate_day=sheet.as_of,
        day_reason=chosen.reason,
        rates=tuple(
            RateOut(
                base=rate.base,
                quote=rate.quote,
                unit=rate.unit,
                side=rate.side,
                value=format(rate.value, "f"),
                published_at=None if rate.published_at is None else utc(rate.published_at),
            )
            for rate in sheet.rates
            if base in (None, rate.base) and quote in (None, rate.quote)
        ),
    )


def exposure_out(exposure: Exposure) -> ExposureOut:
    """Show the exposure in one currency."""
    return ExposureOut(
        currency=exposure.currency,
        position=exact(exposure.position_minor),
        reserved=exact(exposure.reserved_minor),
        open=exact(exposure.open_minor),
        rounding=exact(exposure.rounding_minor),
    )


def opened_answer(quote: FxQuote) -> Answer:
    """Tell a new quote, with its address."""
    out = quote_out(quote)
    return Answer(CREATED, JSON, msgspec.json.encode(out), f"/v1/fx/quotes/{out.id}")


def moved_answer(quote: FxQuote) -> Answer:
    """Tell a quote after a move."""
    return Answer(200, JSON, msgspec.json.encode(quote_out(quote)))


def converted_answer(exchanged: Exchanged) -> Answer:
    """Tell an exchange, with the address of its transaction; the same every time, for an executed quote stays so."""
    out = conversion_out(exchanged)
    location = f"/v1/transfers/{out.transfer.id}"
    return Answer(CREATED, JSON, msgspec.json.encode(out), location, exchanged.posting.replayed)


def shown(rate: Fraction) -> str:
    """Write a rate to fifteen digits, without an exponent."""
    return format(SHOWN.divide(Decimal(rate.numerator), Decimal(rate.denominator)), "f")
