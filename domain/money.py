"""Money: an integer of minor units with its currency, and arithmetic that refuses to mix or to round."""

from typing import NewType

import msgspec

from domain.currencies import EXPONENTS
from domain.errors import VAL_AMOUNT, VAL_CURRENCY, FieldError, MediatorError

Currency = NewType("Currency", str)
"""ISO 4217 alphabetic code of a current currency with minor units."""

AMOUNT_MAX = 2**53 - 1
"""Largest amount of one payment, in minor units: what every JSON reader can hold exactly (RFC 8259 §6)."""


def currency_of(code: str, *, pointer: str = "/currency") -> Currency:
    """Give the currency of that code. Raises VAL_CURRENCY, pointing there, for anything that is not a current one."""
    if code not in EXPONENTS:
        raise MediatorError(
            VAL_CURRENCY,
            f"{code!r} is not a current ISO 4217 currency with minor units.",
            errors=(FieldError(pointer, "not a current ISO 4217 currency with minor units"),),
        )
    return Currency(code)


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount of one currency in minor units (JPY 1 = 1 yen, EUR 1 = 1 cent, KWD 1 = 1 fils). May be zero or less."""

    minor: int
    currency: Currency

    def __add__(self, other: "Money") -> "Money":
        """Add the same currency. Raises ValueError when currencies differ: that is a fault in our code."""
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Subtract the same currency. Raises ValueError when currencies differ."""
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        """Show major units with exactly the currency's decimals, as `12.34 EUR`, `1000 JPY`, `0.005 KWD`."""
        exponent = EXPONENTS[self.currency]
        sign = "-" if self.minor < 0 else ""
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        whole, fraction = (digits[:-exponent], digits[-exponent:]) if exponent else (digits, "")
        return f"{sign}{whole}{'.' if fraction else ''}{fraction} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            message = f"cannot mix {self.currency} and {other.currency}"
            raise ValueError(message)


def amount_of(minor: int, currency: str) -> Money:
    """Build a positive amount from the caller's words. Raises VAL_AMOUNT or VAL_CURRENCY."""
    known = currency_of(currency)
    if not 1 <= minor <= AMOUNT_MAX:
        detail = f"must be from 1 to {AMOUNT_MAX} minor units"
        raise MediatorError(VAL_AMOUNT, f"The amount {detail}.", errors=(FieldError("/amount", detail),))
    return Money(minor, known)
