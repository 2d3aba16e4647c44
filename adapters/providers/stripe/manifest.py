"""What Stripe can do, as this adapter uses it."""

from adapters.providers.stripe.currencies import CHARGES
from domain.manifests import (
    Ability,
    CallbackRule,
    CallbackTransport,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    OperationClass,
    ProviderManifest,
    RateLimitRule,
)
from domain.providers import OperationKind

NAME = "stripe"
CALLBACK_TOLERANCE_SECONDS = 300

MANIFEST = ProviderManifest(
    name=NAME,
    title="Stripe",
    operations=frozenset(OperationKind),
    abilities=frozenset(
        {
            Ability.COLLECTS,
            Ability.PAYS_OUT,
            Ability.LOOKS_UP,
            Ability.CALLS_BACK,
            Ability.VERIFIES_CREDENTIALS,
        },
    ),
    # An intent is captured once: what is left of it is let go, so there are no several captures.
    features=frozenset(
        {
            Feature.DIRECT,
            Feature.REDIRECT,
            Feature.MANUAL_CAPTURE,
            Feature.PARTIAL_CAPTURE,
            Feature.PARTIAL_REFUND,
            Feature.MULTIPLE_REFUNDS,
        },
    ),
    methods=frozenset({"card", "sepa_debit"}),
    currencies=CHARGES,
    idempotency=IdempotencyRule(
        place=KeyPlace.HEADER,
        name="Idempotency-Key",
        length_max=255,
        lifetime_seconds=24 * 3_600,
        replays_errors=True,
    ),
    look_ups=frozenset({LookUp.BY_PROVIDER_REFERENCE, LookUp.BY_OUR_REFERENCE}),
    # Lists are read after each write; what may come late is a request that is still being worked on. Stripe's own
    # clients wait 80 seconds for an answer.
    visibility_horizon_seconds=90.0,
    deadline_seconds=20.0,
    callbacks=CallbackRule(
        transport=CallbackTransport.HTTP_POST,
        signature="Stripe-Signature: HMAC-SHA256 over time and body",
        tolerance_seconds=CALLBACK_TOLERANCE_SECONDS,
    ),
    # The limits of test mode; live mode allows four times as much.
    rate_limits=tuple(
        RateLimitRule(operation_class=operation_class, per_second=25.0, burst=25) for operation_class in OperationClass
    ),
)
