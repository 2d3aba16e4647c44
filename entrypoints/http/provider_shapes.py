"""What callers are told of the installed providers: their manifests, to the letter."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from application.ports.provider_forms import ProviderForm
from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    OperationClass,
    ProviderManifest,
)
from domain.providers import OperationKind
from entrypoints.http.shapes import CurrencyCode, MinorUnits


class ProviderCurrencyOut(msgspec.Struct, frozen=True, kw_only=True):
    """One currency at one provider."""

    currency: CurrencyCode
    exponent: Annotated[int, Meta(description="The provider's own, which may differ from ISO 4217.")]
    amount_format: AmountFormat
    minimum: MinorUnits
    maximum: MinorUnits | None
    multiple_of: Annotated[int, Meta(description="Amounts are whole multiples of so many minor units.")]


class ProviderIdempotencyOut(msgspec.Struct, frozen=True, kw_only=True):
    """How a repeated request is kept from having a second effect there; `none`: nothing is ever sent twice."""

    place: KeyPlace
    name: str | None
    length_max: int
    lifetime_seconds: Annotated[float | None, Meta(description="null: remembered for good.")]
    replays_errors: bool


class ProviderCallbacksOut(msgspec.Struct, frozen=True, kw_only=True):
    """How the provider tells us something by itself."""

    transport: CallbackTransport
    signature: Annotated[str | None, Meta(description="null: unsigned, so never more than a hint.")]
    is_authoritative: bool


class ProviderRateLimitOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of a class an account may send: a token bucket."""

    operation_class: OperationClass
    per_second: float
    burst: int


class ProviderOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do under any configuration; an account's configuration may narrow it."""

    name: str
    title: str
    operations: tuple[OperationKind, ...]
    abilities: tuple[Ability, ...]
    features: tuple[Feature, ...]
    methods: tuple[str, ...]
    countries: Annotated[tuple[str, ...], Meta(description="None: any.")]
    currencies: Annotated[tuple[ProviderCurrencyOut, ...], Meta(description="None: any.")]
    idempotency: ProviderIdempotencyOut
    look_ups: tuple[LookUp, ...]
    visibility_horizon_seconds: Annotated[
        float | None, Meta(description="After so long, 'not found' proves that nothing came; null: it never proves it.")
    ]
    deadline_seconds: Annotated[float, Meta(description="Bound of one whole call.")]
    callbacks: ProviderCallbacksOut | None
    rate_limits: tuple[ProviderRateLimitOut, ...]
    time_zone: Annotated[str, Meta(description="Of the times which the provider writes without one.")]


class ProviderListOut(msgspec.Struct, frozen=True):
    """Every installed provider."""

    data: tuple[ProviderOut, ...]


class ProviderFormOut(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, with the JSON Schemas (2020-12) of what an account there is configured by."""

    provider: ProviderOut
    config_schema: dict[str, Any]
    credentials_schema: dict[str, Any]


def form_out(form: ProviderForm) -> ProviderFormOut:
    """Tell a provider and its schemas."""
    return ProviderFormOut(
        provider=provider_out(form.manifest),
        config_schema=form.config_schema,
        credentials_schema=form.credentials_schema,
    )


def provider_out(manifest: ProviderManifest) -> ProviderOut:
    """Tell a manifest."""
    return ProviderOut(
        name=manifest.name,
        title=manifest.title,
        operations=tuple(sorted(manifest.operations)),
        abilities=tuple(sorted(manifest.abilities)),
        features=tuple(sorted(manifest.features)),
        methods=tuple(sorted(manifest.methods)),
        countries=tuple(sorted(manifest.countries)),
        currencies=tuple(_currency(one) for one in manifest.currencies),
        idempotency=_idempotency(manifest.idempotency),
        look_ups=tuple(sorted(manifest.look_ups)),
        visibility_horizon_seconds=manifest.visibility_horizon_seconds,
        deadline_seconds=manifest.deadline_seconds,
        callbacks=None if manifest.callbacks is None else _callbacks(manifest.callbacks),
        rate_limits=tuple(
            ProviderRateLimitOut(operation_class=one.operation_class, per_second=one.per_second, burst=one.burst)
            for one in manifest.rate_limits
        ),
        time_zone=manifest.time_zone,
    )


def _currency(rule: CurrencyRule) -> ProviderCurrencyOut:
    return ProviderCurrencyOut(
        currency=rule.currency,
        exponent=rule.exponent,
        amount_format=rule.amount_format,
        minimum=rule.minimum_minor,
        maximum=rule.maximum_minor,
        multiple_of=rule.multiple_minor,
    )


def _idempotency(rule: IdempotencyRule) -> ProviderIdempotencyOut:
    return ProviderIdempotencyOut(
        place=rule.place,
        name=rule.name,
        length_max=rule.length_max,
        lifetime_seconds=rule.lifetime_seconds,
        replays_errors=rule.replays_errors,
    )


def _callbacks(rule: CallbackRule) -> ProviderCallbacksOut:
    return ProviderCallbacksOut(
        transport=rule.transport, signature=rule.signature, is_authoritative=rule.is_authoritative
    )
