"""Finds the spec of a provider: one that is installed, or anybody's by where it can be imported."""

import importlib

from adapters.providerkit.spec import ProviderSpec
from entrypoints.cli.trouble import USAGE, Trouble
from entrypoints.wiring.provider_specs import provider_specs


def found_spec(name: str) -> ProviderSpec:
    """Give the spec of an installed provider, or that of `package.module:spec`."""
    if ":" in name:
        return _imported(name)
    specs = {spec.name: spec for spec in provider_specs()}
    if name not in specs:
        installed = ", ".join(sorted(specs))
        message = f"No provider {name!r} is installed. There are {installed}; or say package.module:spec."
        raise Trouble(message, exit_code=USAGE)
    return specs[name]


def _imported(place: str) -> ProviderSpec:
    module, _, attribute = place.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as fault:
        message = f"{place} cannot be imported: {fault}"
        raise Trouble(message, exit_code=USAGE) from fault
    if not isinstance(found, ProviderSpec):
        message = f"{place} is a {type(found).__name__}, no ProviderSpec."
        raise Trouble(message, exit_code=USAGE)
    return found
