"""Amounts in a bank's words: exact decimals with their currency, and as our money where that can hold them."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal

from domain.currencies import EXPONENTS
from domain.money import AMOUNT_MAX, Currency, Money

_DECIMAL = re.compile(r"[0-9]{1,18}(?:[.][0-9]{0,5})?", re.ASCII)
"""At most 18 digits and 5 decimals (ActiveOrHistoricCurrencyAndAmount): a million of them add up exactly."""

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def amount_at(node: ET.Element, path: str) -> tuple[Decimal, str] | None:
    """Give the amount and currency of an element; None when it is not there, or is no amount."""
    found = node.find(path)
    if found is None:
        return None
    amount, currency = (found.text or "").strip(), found.get("Ccy", "")
    if _DECIMAL.fullmatch(amount) is None or _CURRENCY.fullmatch(currency) is None:
        return None
    return Decimal(amount), currency


def money_of(amount: Decimal, currency: str) -> Money | None:
    """Give an amount as our money; None for currencies that are none today and for parts of a minor unit."""
    if currency not in EXPONENTS:
        return None
    minor = amount.scaleb(EXPONENTS[currency])
    if minor != minor.to_integral_value() or not 0 <= minor <= AMOUNT_MAX:
        return None
    return Money(int(minor), Currency(currency))


def money_at(node: ET.Element, path: str) -> Money | None:
    """Give the money of an element; None when it is not there or cannot be held exactly."""
    found = amount_at(node, path)
    return None if found is None else money_of(*found)
