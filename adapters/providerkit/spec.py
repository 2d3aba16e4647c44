"""What a provider's folder exports: its manifest, its settings, and how to make its adapter from them."""

from collections.abc import Callable
from typing import Any

import msgspec

from adapters.providerkit.adapter import Adapter
from adapters.providerkit.examples import Examples
from domain.manifests import ProviderManifest


class NoCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credentials of a provider that needs none."""


class ProviderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One provider, not yet configured.

    `config` and `credentials` are frozen Structs with `forbid_unknown_fields`: their JSON Schemas are what a
    configuration is validated by, and whatever their `__post_init__` refuses with ValueError is refused. Credentials
    are kept encrypted and never shown; `callback_secrets: tuple[str, ...]` among them verify callbacks. `manifest` is
    what holds for every configuration; `create(config, credentials).manifest` may only be narrower. `examples` shows
    the provider to the conformance kit (docs/conformance.md); nothing else calls it.
    """

    name: str
    manifest: ProviderManifest
    config: type[msgspec.Struct]
    credentials: type[msgspec.Struct] = NoCredentials
    create: Callable[[Any, Any], Adapter]
    examples: Callable[[], Examples] | None = None


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a configuration or of credentials, complete in itself."""
    schema = msgspec.json.schema(struct)
    reference = schema.pop("$ref").rpartition("/")[2]
    definitions: dict[str, Any] = schema.pop("$defs")
    own: dict[str, Any] = definitions.pop(reference) | ({"$defs": definitions} if definitions else {})
    portable: dict[str, Any] = _portable(own)
    return portable


def _portable(schema: Any) -> Any:  # noqa: ANN401 -- any JSON
    r"""Write patterns as ECMA-262 has them, which JSON Schema goes by: it does not know `\A` and `\Z`."""
    if isinstance(schema, list):
        return [_portable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    portable = {name: _portable(value) for name, value in schema.items()}
    if isinstance(portable.get("pattern"), str):
        portable["pattern"] = portable["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    return portable
