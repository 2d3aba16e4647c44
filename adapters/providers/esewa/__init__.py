"""eSewa's ePay v2, a mobile wallet of Nepal."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.esewa.adapter import EsewaAdapter
from adapters.providers.esewa.client import EsewaConfig, EsewaCredentials
from adapters.providers.esewa.examples import examples
from adapters.providers.esewa.manifest import MANIFEST, NAME

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=EsewaConfig,
    credentials=EsewaCredentials,
    create=EsewaAdapter,
    examples=examples,
)

__all__ = ["EsewaConfig", "EsewaCredentials", "spec"]
