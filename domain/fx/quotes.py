"""A quote: a price that is held open for a while, reserved once, honoured after that, and used once."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from domain.errors import (
    FX_QUOTE_EXPIRED,
    FX_QUOTE_USED,
    STATE_CONFLICT,
    VAL_CURRENCY,
    FieldError,
    MediatorError,
)
from domain.fx.crossing import Step, cross_rate, steps_between
from domain.fx.pricing import FixedSide, customer_rate, price_of
from domain.fx.rates import ChosenSheet, MissingDay, Side, Source, require_fresh
from domain.ids import LedgerTransactionId, QuoteId, TenantId
from domain.moment import Moment
from domain.money import Currency

ROUNDING = "against_customer"


class QuoteState(StrEnum):
    """`open -> reserved -> executed | released`, `open -> expired`."""

    OPEN = "open"
    RESERVED = "reserved"
    EXECUTED = "executed"
    RELEASED = "released"
    EXPIRED = "expired"


class QuotedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One published price that a quote rests on; `inverse`: it was used from its quote to its base."""

    base: Currency
    quote: Currency
    unit: int
    side: Side
    value: Decimal
    published_at: datetime | None
    inverse: bool


class QuoteTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that explains a quote's amounts, so that anybody can compute them again.

    `rate` is the cross rate of the steps and `exact_minor` the computed amount before rounding, both as exact fractions
    (`27/25`); of the latter the customer got the rounded part and `rounding_minor` is what rounding cost them in whole
    minor units. See `Price`.
    """

    source: Source
    wanted_day: date
    rate_day: date
    missing_day: MissingDay
    days_back_max: int
    day_reason: str
    steps: tuple[QuotedStep, ...]
    rate: str
    margin_basis_points: int
    rounding: str
    exact_minor: str
    rounding_minor: int


class FxQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A price for changing one currency into another. `version` is that of the stored row.

    Expiry is tested when it is reserved, and never again: once reserved it is honoured (money.md §3).
    """

    tenant_id: TenantId
    id: QuoteId
    version: int
    state: QuoteState
    fixed_side: FixedSide
    source_currency: Currency
    source_minor: int
    target_currency: Currency
    target_minor: int
    terms: QuoteTerms
    reserved_for: str | None
    transaction_id: LedgerTransactionId | None
    expires_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def customer_rate(self) -> Fraction:
        """The rate less the margin: target per source, in major units, exactly."""
        return customer_rate(Fraction(self.terms.rate), self.terms.margin_basis_points)

    def reserve(self, reserved_for: str, now: datetime) -> "FxQuote":
        """Keep the price for somebody. Raises FX_QUOTE_EXPIRED when its time is over, FX_QUOTE_USED when it is kept."""
        match self.state:
            case QuoteState.OPEN if now < self.expires_at:
                return self._moved(QuoteState.RESERVED, now, reserved_for=reserved_for)
            case QuoteState.OPEN | QuoteState.EXPIRED:
                raise MediatorError(FX_QUOTE_EXPIRED, "The quote's time was over before it was reserved.")
            case QuoteState.RESERVED | QuoteState.EXECUTED | QuoteState.RELEASED:
                raise self.used()

    def execute(self, transaction_id: LedgerTransactionId, now: datetime) -> "FxQuote":
        """Exchange at this price, once. Raises FX_QUOTE_USED, FX_QUOTE_EXPIRED, STATE_CONFLICT when not reserved."""
        match self.state:
            case QuoteState.RESERVED:
                return self._moved(QuoteState.EXECUTED, now, transaction_id=transaction_id)
            case QuoteState.OPEN:
                raise MediatorError(STATE_CONFLICT, "The quote is not reserved.")
            case QuoteState.EXPIRED:
                raise MediatorError(FX_QUOTE_EXPIRED, "The quote's time was over before it was reserved.")
            case QuoteState.EXECUTED | QuoteState.RELEASED:
                raise self.used()

    def release(self, now: datetime) -> "FxQuote":
        """Give a reserved price up. Raises FX_QUOTE_USED when that is too late, STATE_CONFLICT when not reserved."""
        match self.state:
            case QuoteState.RESERVED:
                return self._moved(QuoteState.RELEASED, now)
            case QuoteState.OPEN | QuoteState.EXPIRED:
                raise MediatorError(STATE_CONFLICT, f"The quote is {self.state.value}: nothing is reserved.")
            case QuoteState.EXECUTED | QuoteState.RELEASED:
                raise self.used()

    def expire(self, now: datetime) -> "FxQuote":
        """End a price that nobody reserved in time. Raises STATE_CONFLICT for any other."""
        if self.state is not QuoteState.OPEN or now < self.expires_at:
            raise MediatorError(STATE_CONFLICT, f"The quote is {self.state.value} until {self.expires_at.isoformat()}.")
        return self._moved(QuoteState.EXPIRED, now)

    def used(self) -> MediatorError:
        """Say that the quote served already."""
        return MediatorError(FX_QUOTE_USED, f"The quote is {self.state.value} already.")

    def _moved(
        self,
        state: QuoteState,
        now: datetime,
        *,
        reserved_for: str | None = None,
        transaction_id: LedgerTransactionId | None = None,
    ) -> "FxQuote":
        return msgspec.structs.replace(
            self,
            version=self.version + 1,
            state=state,
            reserved_for=reserved_for or self.reserved_for,
            transaction_id=transaction_id or self.transaction_id,
            updated_at=now,
        )


class QuoteOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to change: an amount of minor units of the source or of the target currency, exactly."""

    tenant_id: TenantId
    source_currency: Currency
    target_currency: Currency
    fixed_side: FixedSide
    amount_minor: int
    margin_basis_points: int


def open_quote(
    order: QuoteOrder, chosen: ChosenSheet, moment: Moment, *, age_max: timedelta, lifetime: timedelta
) -> FxQuote:
    """Price an order at a sheet's rates, for a while.

    Raises VAL_CURRENCY for one currency twice, FX_RATE_UNAVAILABLE for a price that is missing or too old, VAL_AMOUNT
    for amounts that are too small or too large.
    """
    if order.source_currency == order.target_currency:
        fault = FieldError("/target_currency", "must differ from the source currency")
        raise MediatorError(VAL_CURRENCY, "There is nothing to change.", errors=(fault,))
    require_fresh(chosen.sheet, now=moment.now, age_max=age_max)
    steps = steps_between(chosen.sheet, order.source_currency, order.target_currency)
    rate = cross_rate(steps)
    price = price_of(
        order.amount_minor,
        fixed_side=order.fixed_side,
        source=order.source_currency,
        target=order.target_currency,
        rate=rate,
        margin_basis_points=order.margin_basis_points,
    )
    return FxQuote(
        tenant_id=order.tenant_id,
        id=QuoteId(moment.new_id()),
        version=1,
        state=QuoteState.OPEN,
        fixed_side=order.fixed_side,
        source_currency=order.source_currency,
        source_minor=price.source_minor,
        target_currency=order.target_currency,
        target_minor=price.target_minor,
        terms=QuoteTerms(
            source=chosen.sheet.source,
            wanted_day=chosen.wanted,
            rate_day=chosen.sheet.as_of,
            missing_day=chosen.rule.missing_day,
            days_back_max=chosen.rule.days_back,
            day_reason=chosen.reason,
            steps=tuple(_told(step) for step in steps),
            rate=_exactly(rate),
            margin_basis_points=order.margin_basis_points,
            rounding=ROUNDING,
            exact_minor=_exactly(price.exact_minor),
            rounding_minor=price.rounding_minor,
        ),
        reserved_for=None,
        transaction_id=None,
        expires_at=moment.now + lifetime,
        created_at=moment.now,
        updated_at=moment.now,
    )


def _told(step: Step) -> QuotedStep:
    rate = step.rate
    return QuotedStep(
        base=rate.base,
        quote=rate.quote,
        unit=rate.unit,
        side=rate.side,
        value=rate.value,
        published_at=rate.published_at,
        inverse=step.inverse,
    )


def _exactly(number: Fraction) -> str:
    """Write a fraction so that `Fraction` reads it back."""
    return f"{number.numerator}/{number.denominator}"
