"""What eSewa's ePay v2 can do (its developer documentation)."""

from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    ProviderManifest,
)
from domain.money import AMOUNT_MAX
from domain.providers import OperationKind

NAME = "esewa"
NPR = CurrencyRule(currency="NPR", exponent=2, amount_format=AmountFormat.DECIMAL_STRING, maximum_minor=AMOUNT_MAX)
"""Amounts are rupees in text."""

MANIFEST = ProviderManifest(
    name=NAME,
    title="eSewa",
    operations=frozenset({OperationKind.AUTHORIZE}),
    abilities=frozenset({Ability.COLLECTS, Ability.LOOKS_UP, Ability.CALLS_BACK}),
    features=frozenset({Feature.FORM_POST}),
    methods=frozenset({"wallet", "esewa"}),
    countries=frozenset({"NP"}),
    currencies=(NPR,),
    # One form is one payment: eSewa takes a transaction_uuid once.
    idempotency=IdempotencyRule(
        place=KeyPlace.FIELD, name="transaction_uuid", length_max=100, pattern=r"[A-Za-z0-9_]+"
    ),
    look_ups=frozenset({LookUp.BY_OUR_REFERENCE}),
    # "Not found" is also what eSewa says before the customer has posted the form.
    visibility_horizon_seconds=3_600,
    deadline_seconds=10.0,
    callbacks=CallbackRule(
        transport=CallbackTransport.REDIRECT, signature="HMAC-SHA256 over the fields that the message names"
    ),
    time_zone="Asia/Kathmandu",
)
