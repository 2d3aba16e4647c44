"""What a provider's folder exports: its name, its settings, and how to make its dialect from them."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from adapters.providerkit.dialect import Dialect

Config = TypeVar("Config", bound=msgspec.Struct)


class ProviderSpec(msgspec.Struct, Generic[Config], frozen=True, kw_only=True):
    """One provider, not yet configured. `KernelProvider(spec.create(config), ProviderHttp())` is the provider."""

    name: str
    config: type[Config]
    create: Callable[[Config], Dialect]
