"""Find the providers that are installed: each folder under `adapters/providers` exports a `spec`."""

import importlib
import pkgutil

import adapters.providers
from adapters.providerkit.spec import ProviderSpec


def provider_specs() -> tuple[ProviderSpec, ...]:
    """Import every provider's folder and give what it exports, by name."""
    folders = pkgutil.iter_modules(adapters.providers.__path__, f"{adapters.providers.__name__}.")
    found = (importlib.import_module(folder.name).spec for folder in folders if folder.ispkg)
    return tuple(sorted(found, key=lambda spec: spec.name))
