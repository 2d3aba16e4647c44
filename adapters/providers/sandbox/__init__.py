"""The sandbox gateway: the provider simulator as a provider like any other."""

from adapters.providerkit.spec import ProviderSpec
from adapters.providers.sandbox.client import SandboxConfig
from adapters.providers.sandbox.dialect import NAME, SandboxDialect

spec = ProviderSpec(name=NAME, config=SandboxConfig, create=SandboxDialect)

__all__ = ["SandboxConfig", "spec"]
