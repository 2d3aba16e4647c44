"""Find the providers: each folder under `adapters/providers` that exports a `spec` and is switched on by settings."""

import importlib
import pkgutil
from collections.abc import Mapping

import msgspec

import adapters.providers
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providerkit.spec import ProviderSpec
from application.ports.providers import Provider, Providers
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from entrypoints.settings import Settings


class FoundProviders(Providers):
    """The providers that are switched on, by name."""

    def __init__(self, found: Mapping[str, Provider]) -> None:
        """Know these providers."""
        self._found = dict(found)

    def named(self, name: str) -> Provider:
        """Give the provider of that name. Raises ROUTE_NO_PROVIDER when it is not switched on."""
        if name not in self._found:
            raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {name!r} is not switched on.")
        return self._found[name]

    def names(self) -> tuple[str, ...]:
        """Give the names of all that are switched on, sorted."""
        return tuple(sorted(self._found))


def provider_specs() -> tuple[ProviderSpec[msgspec.Struct], ...]:
    """Import every provider's folder and give what it exports."""
    folders = pkgutil.iter_modules(adapters.providers.__path__, f"{adapters.providers.__name__}.")
    return tuple(importlib.import_module(folder.name).spec for folder in folders if folder.ispkg)


def find_providers(settings: Settings, http: ProviderHttp) -> FoundProviders:
    """Make each provider that the settings configure."""
    configured = {
        "sandbox": {
            "base_url": settings.sandbox_url,
            "api_key": settings.sandbox_api_key,
            "callback_secrets": settings.sandbox_callback_secrets,
        }
        if settings.sandbox_url
        else None,
    }
    found: dict[str, Provider] = {}
    for spec in provider_specs():
        values = configured.get(spec.name)
        if values is not None:
            found[spec.name] = KernelProvider(spec.create(msgspec.convert(values, spec.config)), http)
    return FoundProviders(found)
