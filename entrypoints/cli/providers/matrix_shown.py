"""How the matrix of providers is printed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from rich.table import Table

from adapters.providerkit.spec import ProviderSpec, schema_of
from domain.manifests import CurrencyRule, ProviderManifest
from entrypoints.cli.ledger.showing import card, grid

CURRENCIES_SHOWN = 4


class ProviderShown(msgspec.Struct, frozen=True, kw_only=True):
    """A provider: what it declares, and the JSON Schemas of what an account there is configured by."""

    manifest: ProviderManifest
    config_schema: dict[str, object]
    credentials_schema: dict[str, object]


def provider_shown(spec: ProviderSpec) -> ProviderShown:
    """Show one provider."""
    return ProviderShown(
        manifest=spec.manifest, config_schema=schema_of(spec.config), credentials_schema=schema_of(spec.credentials)
    )


def matrix_table(manifests: Sequence[ProviderManifest]) -> Table:
    """Tell what each provider can do."""
    columns = ("provider", "operations", "abilities", "features", "methods", "countries", "currencies", "idempotency")
    rows = (
        (
            one.name,
            _words(one.operations),
            _words(one.abilities),
            _words(one.features),
            _words(one.methods),
            _words(one.countries) or "any",
            _currencies(one.currencies),
            one.idempotency.place.value,
        )
        for one in manifests
    )
    return grid("Providers", columns, rows)


def provider_tables(spec: ProviderSpec) -> Iterator[Table]:
    """Tell everything of one provider."""
    yield card(spec.manifest.title or spec.name, _facts(spec.manifest))
    if spec.manifest.currencies:
        yield _currency_table(spec.manifest.currencies)
    if spec.manifest.rate_limits:
        columns = ("class", "per second", "burst")
        limits = ((one.operation_class.value, f"{one.per_second:g}", one.burst) for one in spec.manifest.rate_limits)
        yield grid("Rate limits", columns, limits, right=columns[1:])
    yield _fields_table("Configuration", spec.config)
    yield _fields_table("Credentials (written, never shown)", spec.credentials)


def _facts(manifest: ProviderManifest) -> dict[str, object]:
    key, callbacks, horizon = manifest.idempotency, manifest.callbacks, manifest.visibility_horizon_seconds
    place = f"{key.place} {key.name or ''}".strip()
    lifetime = "for good" if key.lifetime_seconds is None else f"for {key.lifetime_seconds:g} s"
    return {
        "name": manifest.name,
        "operations": _words(manifest.operations),
        "abilities": _words(manifest.abilities),
        "features": _words(manifest.features),
        "methods": _words(manifest.methods),
        "countries": _words(manifest.countries) or "any",
        "currencies": "" if manifest.currencies else "any",
        "idempotency key": f"{place}, remembered {lifetime}"
        if manifest.is_idempotent
        else "none: nothing is sent twice",
        "can be asked": _words(manifest.look_ups) or "no",
        "not found proves": "nothing" if horizon is None else f"that nothing came, {horizon:g} s after it was sent",
        "deadline": f"{manifest.deadline_seconds:g} s for one call",
        "callbacks": "none" if callbacks is None else f"{callbacks.transport}, {callbacks.signature or 'unsigned'}",
        "callbacks are": "" if callbacks is None else _weight(is_authoritative=callbacks.is_authoritative),
        "naive times are": manifest.time_zone,
    }


def _weight(*, is_authoritative: bool) -> str:
    return "taken at their word" if is_authoritative else "hints: the provider is asked"


def _currency_table(rules: Iterable[CurrencyRule]) -> Table:
    columns = ("currency", "exponent", "format", "minimum", "maximum", "multiple of")
    rows = (
        (
            one.currency,
            one.exponent,
            one.amount_format.value,
            one.minimum_minor,
            "" if one.maximum_minor is None else one.maximum_minor,
            one.multiple_minor,
        )
        for one in rules
    )
    return grid("Currencies (bounds in minor units)", columns, rows, right=("exponent", *columns[3:]))


def _fields_table(title: str, struct: type[msgspec.Struct]) -> Table:
    schema = schema_of(struct)
    properties, required = schema.get("properties"), schema.get("required")
    fields: Mapping[str, object] = properties if isinstance(properties, dict) else {}
    needed = required if isinstance(required, list) else []
    rows = (
        (name, "yes" if name in needed else "", msgspec.json.encode(field).decode()) for name, field in fields.items()
    )
    return grid(title, ("field", "needed", "JSON Schema"), rows)


def _currencies(rules: Sequence[CurrencyRule]) -> str:
    shown = " ".join(one.currency for one in rules[:CURRENCIES_SHOWN])
    others = len(rules) - CURRENCIES_SHOWN
    return f"{shown} and {others} more" if others > 0 else shown or "any"


def _words(words: Iterable[str]) -> str:
    return " ".join(sorted(words))
