"""How Stripe counts money: the exponent belongs to Stripe and the currency together (its page on currencies)."""

import msgspec

from domain.currencies import EXPONENTS
from domain.manifests import CurrencyRule
from domain.money import AMOUNT_MAX

_ZERO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
"""Counted in whole units; the ariary (MGA) too, though ISO 4217 gives it two decimals."""

_THREE_DECIMALS = "BHD JOD KWD OMR TND"
"""Counted in thousandths, of which the last digit must be 0."""

_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE "
    "CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD KES KGS KHR "
    "KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STN SZL THB TJS TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS WST XCD XCG YER ZAR ZMW"
)
"""Counted in hundredths: ISK and UGX as well, which ISO 4217 gives no decimals, so whole units become hundreds."""

_SMALLEST_CHARGES = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}
"""In minor units of ISO 4217, where Stripe publishes one; it also counts what an amount settles to."""

_WHOLE_PAYOUTS = {"HUF": 100, "TWD": 100}
"""Charged in hundredths, paid out in whole units only."""


_EXPONENTS = {
    currency: exponent
    for exponent, currencies in ((0, _ZERO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
    for currency in currencies.split()
}


def _rule(currency: str, exponent: int) -> CurrencyRule:
    multiple = 10 if currency in _THREE_DECIMALS else 10 ** max(0, EXPONENTS[currency] - exponent)
    return CurrencyRule(
        currency=currency,
        exponent=exponent,
        minimum_minor=_SMALLEST_CHARGES.get(currency, 1),
        maximum_minor=AMOUNT_MAX,
        multiple_minor=multiple,
    )


CHARGES = tuple(_rule(currency, exponent) for currency, exponent in sorted(_EXPONENTS.items()))
"""What may be charged."""

MOVEMENTS = {rule.currency: msgspec.structs.replace(rule, minimum_minor=1) for rule in CHARGES}
"""What may be captured or refunded, and what an answer may state: without the least amount of a charge."""

PAYOUTS = {
    rule.currency: msgspec.structs.replace(rule, multiple_minor=_WHOLE_PAYOUTS.get(rule.currency, rule.multiple_minor))
    for rule in CHARGES
}
"""What may be paid out."""
