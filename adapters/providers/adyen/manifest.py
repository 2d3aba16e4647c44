"""What Adyen's Checkout can do, as this adapter uses it, and how it counts money."""

from domain.currencies import EXPONENTS
from domain.manifests import (
    Ability,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    ProviderManifest,
)
from domain.money import AMOUNT_MAX
from domain.providers import OperationKind

NAME = "adyen"

_CURRENCIES = (
    "AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CVE CZK "
    "DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY "
    "KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STN SZL THB "
    "TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
_DEVIATING = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
"""Where Adyen counts otherwise than ISO 4217: the exponent belongs to the provider and the currency together."""


def _rule(currency: str) -> CurrencyRule:
    standard = EXPONENTS[currency]
    exponent = _DEVIATING.get(currency, standard)
    multiple = 10 ** max(0, standard - exponent)
    return CurrencyRule(
        currency=currency, exponent=exponent, maximum_minor=AMOUNT_MAX, minimum_minor=multiple, multiple_minor=multiple
    )


RULES = {currency: _rule(currency) for currency in _CURRENCIES.split()}

MANIFEST = ProviderManifest(
    name=NAME,
    title="Adyen",
    operations=frozenset(
        {OperationKind.AUTHORIZE, OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND},
    ),
    # There is nothing to ask: what became of an operation is told by its webhook, and by nothing else.
    abilities=frozenset({Ability.COLLECTS, Ability.CALLS_BACK, Ability.VERIFIES_CREDENTIALS}),
    features=frozenset(
        {
            Feature.DIRECT,
            Feature.REDIRECT,
            Feature.FORM_POST,
            Feature.MANUAL_CAPTURE,
            Feature.PARTIAL_CAPTURE,
            Feature.PARTIAL_REFUND,
            Feature.MULTIPLE_REFUNDS,
        },
    ),
    methods=frozenset({"card", "ideal"}),
    currencies=tuple(RULES.values()),
    idempotency=IdempotencyRule(
        place=KeyPlace.HEADER, name="Idempotency-Key", length_max=64, lifetime_seconds=7 * 24 * 3_600
    ),
    visibility_horizon_seconds=None,
    deadline_seconds=30.0,
    callbacks=CallbackRule(
        transport=CallbackTransport.HTTP_POST,
        signature="additionalData.hmacSignature: HMAC-SHA256 over eight fields of each item",
        is_authoritative=True,
    ),
)
