"""An exchange in the books: four legs through the positions, a fifth for what rounding left, and the exposure."""

import msgspec

from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote
from domain.ids import LedgerAccountId, LedgerTransactionId, Prefix, public_id
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Leg, Transfer

KIND = "fx"


def position_code(currency: Currency) -> str:
    """Name the account that says how much of a currency we hold on our own account (credit: long)."""
    return f"fx:position:{currency}"


def rounding_code(currency: Currency) -> str:
    """Name the account of the minor units that rounding left with us."""
    return f"rounding:{currency}"


class ConversionAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """Where an exchange is booked. `rounding` is in the currency of the computed side."""

    source: LedgerAccountId
    target: LedgerAccountId
    source_position: LedgerAccountId
    target_position: LedgerAccountId
    rounding: LedgerAccountId


def rounded_currency(quote: FxQuote) -> Currency:
    """Give the currency of the computed side: the one that was rounded."""
    return quote.target_currency if quote.fixed_side is FixedSide.SOURCE else quote.source_currency


def conversion_of(quote: FxQuote, accounts: ConversionAccounts, transaction_id: LedgerTransactionId) -> Transfer:
    """Book a quote: debit the source account, credit the target account, each against the position in its currency.

    What rounding left is credited to the rounding account of that currency. A leg of nothing is left out.
    """
    rounding = quote.terms.rounding_minor
    on_source, on_target = (0, rounding) if quote.fixed_side is FixedSide.SOURCE else (rounding, 0)
    paid, received = quote.source_minor, quote.target_minor
    legs = (
        _leg(accounts.source, Direction.DEBIT, paid, quote.source_currency),
        _leg(accounts.source_position, Direction.CREDIT, paid - on_source, quote.source_currency),
        _leg(accounts.target_position, Direction.DEBIT, received + on_target, quote.target_currency),
        _leg(accounts.target, Direction.CREDIT, received, quote.target_currency),
        _leg(accounts.rounding, Direction.CREDIT, rounding, rounded_currency(quote)),
    )
    return Transfer(
        id=transaction_id,
        legs=tuple(leg for leg in legs if leg.amount_minor),
        kind=KIND,
        metadata={"quote_id": public_id(Prefix.FX_QUOTE, quote.id)},
    )


def _leg(account_id: LedgerAccountId, direction: Direction, amount_minor: int, currency: Currency) -> Leg:
    return Leg(account_id=account_id, direction=direction, amount_minor=amount_minor, currency=currency)


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What we stand to win or lose in one currency, in minor units: long above zero, short below.

    `reserved_minor` is what reserved quotes will add to the position: they are honoured whatever the rate does.
    """

    currency: Currency
    position_minor: int
    reserved_minor: int
    rounding_minor: int

    @property
    def open_minor(self) -> int:
        """What is at stake: the position with what is promised."""
        return self.position_minor + self.reserved_minor
