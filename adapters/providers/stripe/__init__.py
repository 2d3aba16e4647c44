"""Stripe: cards and other methods by payment intents, and payouts to one's own bank accounts."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.stripe.adapter import StripeAdapter
from adapters.providers.stripe.client import StripeConfig, StripeCredentials
from adapters.providers.stripe.examples import examples
from adapters.providers.stripe.manifest import MANIFEST, NAME

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=StripeConfig,
    credentials=StripeCredentials,
    create=StripeAdapter,
    examples=examples,
)

__all__ = ["StripeConfig", "StripeCredentials", "spec"]
