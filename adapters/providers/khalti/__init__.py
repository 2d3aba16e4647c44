"""Khalti's web checkout (KPG-2), a mobile wallet of Nepal."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.khalti.adapter import KhaltiAdapter
from adapters.providers.khalti.client import KhaltiConfig, KhaltiCredentials
from adapters.providers.khalti.examples import examples
from adapters.providers.khalti.manifest import MANIFEST, NAME

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=KhaltiConfig,
    credentials=KhaltiCredentials,
    create=KhaltiAdapter,
    examples=examples,
)

__all__ = ["KhaltiConfig", "KhaltiCredentials", "spec"]
