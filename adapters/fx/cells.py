"""Single cells of what sources publish, read strictly: a price is digits with one point, and nothing else is."""

import re
from datetime import date
from decimal import Decimal

from application.ports.fx import RatesUnreadable
from domain.currencies import EXPONENTS
from domain.money import Currency

PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CODE = re.compile(r"[A-Z]{3}", re.ASCII)


def price_in(text: str, where: str) -> Decimal:
    """Read a price above zero. Raises RatesUnreadable for NaN, signs, exponents, separators, spaces, and zero."""
    value = Decimal(text) if PRICE.fullmatch(text) else Decimal(0)
    if value <= 0:
        raise RatesUnreadable(f"{where}: {text[:40]!r} is not a price")
    return value


def day_in(text: str, where: str) -> date:
    """Read a day as `2026-10-30`. Raises RatesUnreadable."""
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RatesUnreadable(f"{where}: {text[:40]!r} is not a day")


def find_currency(text: str, where: str) -> Currency | None:
    """Read a currency code; None for one that is not current (CYP, TRL): nobody can change it any more.

    Raises RatesUnreadable for what is no code.
    """
    if CODE.fullmatch(text) is None:
        raise RatesUnreadable(f"{where}: {text[:40]!r} is not a currency")
    return Currency(text) if text in EXPONENTS else None
