"""Adapters that declare what is not so, or show too little."""

from collections.abc import Callable

import msgspec

from adapters.providerkit.examples import Examples
from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    OperationClass,
    ProviderManifest,
    RateLimitRule,
)
from domain.providers import OperationKind
from tests.adapters.providerkit.broken.defect import Defect
from tests.adapters.providerkit.broken.toy import MANIFEST, Toy
from tests.adapters.providerkit.broken.toy_examples import API_KEY, SECRET, examples, spec_of

EUR = CurrencyRule(currency="EUR", exponent=2, amount_format=AmountFormat.DECIMAL_STRING)


def declaring(name: str, check: str, **changes: object) -> Defect:
    """Make the toy declare something else, in its spec and in its adapter."""
    manifest = msgspec.structs.replace(MANIFEST, **changes)
    return Defect(name, check, spec_of(toy_of(manifest), manifest=manifest))


def toy_of(manifest: ProviderManifest) -> type[Toy]:
    """Make a toy with a manifest of its own."""
    return type("Declaring", (Toy,), {"manifest_of_spec": manifest})


def showing(name: str, check: str, change: Callable[[Examples], Examples]) -> Defect:
    """Make the toy show something else."""
    return Defect(name, check, spec_of(examples=lambda: change(examples())))


def without(**gone: tuple[()]) -> Callable[[Examples], Examples]:
    """Take examples away."""
    return lambda shown: msgspec.structs.replace(shown, **gone)


def _misread(shown: Examples) -> Examples:
    first, second, *rest = shown.answers
    swapped = msgspec.structs.replace(first, response=second.response)
    return msgspec.structs.replace(shown, answers=(swapped, second, *rest))


class LooseConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Takes anything."""

    base_url: str


class UndescribedConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holds something that JSON cannot describe."""

    base_url: str
    make: Callable[[], None] | None = None


class TalkativeCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shows its secrets when it is printed."""

    api_key: str
    callback_secrets: tuple[str, ...]


def _talkative() -> Examples:
    shown = TalkativeCredentials(api_key=API_KEY, callback_secrets=(SECRET,))
    return msgspec.structs.replace(examples(), credentials=shown)


def _unsigned_examples(shown: Examples) -> Examples:
    callbacks = tuple(msgspec.structs.replace(one, secret=None) for one in shown.callbacks)
    return msgspec.structs.replace(shown, callbacks=callbacks)


def _shown_config(change: type) -> Callable[[], Examples]:
    return lambda: msgspec.structs.replace(examples(), config=change(base_url="https://toy.example/api"))


UNSIGNED = CallbackRule(transport=CallbackTransport.HTTP_POST, signature=None, is_authoritative=True)

DEFECTS = (
    Defect("no examples", "examples.given", spec_of(examples=None)),
    showing("no look-up is shown", "examples.enough", without(look_ups=())),
    showing(
        "no refusal is shown",
        "examples.enough",
        lambda shown: msgspec.structs.replace(shown, answers=shown.answers[:2]),
    ),
    showing("an example is misread", "examples.true", _misread),
    Defect("the spec bears another name", "manifest.name", spec_of(name="Toy-1")),
    declaring(
        "declares an ability that it has not", "manifest.abilities", abilities=MANIFEST.abilities | {Ability.QUOTES}
    ),
    declaring("hides an ability", "manifest.abilities", abilities=MANIFEST.abilities - {Ability.REPORTS}),
    showing(
        "an operation cannot be built",
        "manifest.operations",
        lambda shown: msgspec.structs.replace(shown, instructions=shown.instructions[:3]),
    ),
    declaring("hides an operation", "manifest.operations", operations=MANIFEST.operations - {OperationKind.VOID}),
    declaring("partial captures only", "manifest.features", features=frozenset({Feature.PARTIAL_CAPTURE})),
    declaring(
        "a currency of nowhere", "manifest.currencies", currencies=(msgspec.structs.replace(EUR, currency="XYZ"),)
    ),
    declaring(
        "bounds upside down",
        "manifest.currencies",
        currencies=(msgspec.structs.replace(EUR, minimum_minor=100, maximum_minor=99),),
    ),
    declaring(
        "a unit too coarse for its multiples",
        "manifest.currencies",
        currencies=(msgspec.structs.replace(EUR, exponent=0),),
    ),
    declaring("a key without a name", "manifest.idempotency", idempotency=IdempotencyRule(place=KeyPlace.HEADER)),
    declaring(
        "neither key nor horizon",
        "manifest.idempotency",
        idempotency=IdempotencyRule(place=KeyPlace.NONE),
        visibility_horizon_seconds=None,
    ),
    declaring("no rule of callbacks", "manifest.callbacks", callbacks=None),
    declaring("believes unsigned callbacks", "manifest.callbacks", callbacks=UNSIGNED),
    declaring("no deadline", "manifest.bounds", deadline_seconds=0.0),
    declaring(
        "a limit of nothing",
        "manifest.bounds",
        rate_limits=(RateLimitRule(operation_class=OperationClass.MONEY, per_second=0.0, burst=1),),
    ),
    Defect(
        "an adapter with more than its spec",
        "manifest.narrower",
        spec_of(toy_of(msgspec.structs.replace(MANIFEST, methods=frozenset({"card"})))),
    ),
    Defect(
        "a config that takes anything",
        "settings.strict",
        spec_of(config=LooseConfig, examples=_shown_config(LooseConfig)),
    ),
    Defect(
        "a config that cannot be described",
        "settings.described",
        spec_of(config=UndescribedConfig, examples=_shown_config(UndescribedConfig)),
    ),
    Defect("an example of another config", "settings.round", spec_of(examples=_shown_config(LooseConfig))),
    Defect(
        "credentials that talk",
        "settings.silent",
        spec_of(credentials=TalkativeCredentials, examples=_talkative),
    ),
    showing("a signature that is not shown", "callbacks.shown", _unsigned_examples),
)
