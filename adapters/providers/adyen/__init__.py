"""Adyen Checkout (version 71): payments whose every later step is told by a signed webhook."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.adyen.adapter import AdyenAdapter
from adapters.providers.adyen.client import AdyenConfig, AdyenCredentials
from adapters.providers.adyen.examples import examples
from adapters.providers.adyen.manifest import MANIFEST, NAME

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=AdyenConfig,
    credentials=AdyenCredentials,
    create=AdyenAdapter,
    examples=examples,
)

__all__ = ["AdyenConfig", "AdyenCredentials", "spec"]
