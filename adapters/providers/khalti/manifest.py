"""What Khalti's web checkout can do (its documentation of KPG-2)."""

from domain.manifests import (
    Ability,
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

NAME = "khalti"
NPR = CurrencyRule(currency="NPR", exponent=2, minimum_minor=1_000, maximum_minor=AMOUNT_MAX)
"""Amounts are integers of paisa; less than 10 rupees is refused."""

MANIFEST = ProviderManifest(
    name=NAME,
    title="Khalti",
    operations=frozenset({OperationKind.AUTHORIZE, OperationKind.REFUND}),
    abilities=frozenset(
        {Ability.COLLECTS, Ability.LOOKS_UP, Ability.CALLS_BACK, Ability.VERIFIES_CREDENTIALS},
    ),
    features=frozenset({Feature.REDIRECT, Feature.PARTIAL_REFUND, Feature.MULTIPLE_REFUNDS}),
    methods=frozenset({"wallet", "khalti"}),
    countries=frozenset({"NP"}),
    currencies=(NPR,),
    idempotency=IdempotencyRule(place=KeyPlace.NONE),
    look_ups=frozenset({LookUp.BY_PROVIDER_REFERENCE}),
    # A link may be paid for an hour; one whose answer was lost was seen by nobody, and ends by itself.
    visibility_horizon_seconds=3_600,
    deadline_seconds=10.0,
    callbacks=CallbackRule(transport=CallbackTransport.REDIRECT, signature=None),
    time_zone="Asia/Kathmandu",
)
