"""The sandbox gateway: the provider simulator as a provider like any other."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.sandbox.adapter import MANIFEST, NAME, SandboxAdapter
from adapters.providers.sandbox.client import SandboxConfig, SandboxCredentials
from adapters.providers.sandbox.examples import examples

spec = ProviderSpec(
    name=NAME,
    manifest=MANIFEST,
    config=SandboxConfig,
    credentials=SandboxCredentials,
    create=SandboxAdapter,
    examples=examples,
)

__all__ = ["SandboxConfig", "SandboxCredentials", "spec"]
