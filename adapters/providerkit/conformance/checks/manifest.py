"""The manifest tells the truth, and is whole: it is what the kernel enforces and the router reads."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.providerkit.adapter import abilities_of
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.subject import Subject, find_built
from domain.currencies import EXPONENTS
from domain.manifests import Ability, CurrencyRule, Feature, IdempotencyRule, KeyPlace, ProviderManifest
from domain.providers import OperationKind

_NAME = re.compile(r"\A[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_EXPONENT_MAX = 8
_DEADLINE_MAX = 60

_NEEDS = {
    Feature.PARTIAL_CAPTURE: Feature.MANUAL_CAPTURE,
    Feature.MULTIPLE_CAPTURES: Feature.PARTIAL_CAPTURE,
    Feature.MULTIPLE_REFUNDS: Feature.PARTIAL_REFUND,
}
"""A feature that means nothing without another one."""

_OPERATION_OF = {
    Feature.MANUAL_CAPTURE: OperationKind.CAPTURE,
    Feature.PARTIAL_REFUND: OperationKind.REFUND,
    Feature.PAYOUT_BATCH: OperationKind.PAYOUT,
}
"""A feature that means nothing without an operation."""

_COLLECTED = frozenset(OperationKind) - {OperationKind.PAYOUT}


def _names(subject: Subject) -> Iterator[str]:
    spec = subject.spec
    if _NAME.match(spec.name) is None:
        yield f"the name {spec.name!r} is not a short word of a-z, 0-9 and _"
    for manifest in (spec.manifest, subject.adapter.manifest):
        if manifest.name != spec.name:
            yield f"the spec is named {spec.name!r}, its manifest {manifest.name!r}"


def _abilities(subject: Subject) -> Iterator[str]:
    adapter = subject.adapter
    declared, real = adapter.manifest.abilities, abilities_of(adapter)
    yield from (f"declares {one.value} and does not implement it" for one in sorted(declared - real))
    yield from (f"implements {one.value} and does not declare it" for one in sorted(real - declared))
    manifest = adapter.manifest
    if (Ability.COLLECTS in declared) != bool(manifest.operations & _COLLECTED):
        yield "collects, if and only if it declares an operation other than payouts"
    if (Ability.PAYS_OUT in declared) != (OperationKind.PAYOUT in manifest.operations):
        yield "pays out, if and only if it declares payouts"
    if (Ability.LOOKS_UP in declared) != bool(manifest.look_ups):
        yield "looks up, if and only if it says by what it can be asked"


def _operations(subject: Subject) -> Iterator[str]:
    adapter = subject.adapter
    built = {one.kind for one in subject.examples.instructions if find_built(adapter, one) is not None}
    missing = adapter.manifest.operations - built
    yield from (f"declares {kind.value}, and no example of it can be built" for kind in sorted(missing))
    for kind in sorted(built - adapter.manifest.operations):
        yield f"builds {kind.value} without declaring it"


def _features(subject: Subject) -> Iterator[str]:
    manifest = subject.adapter.manifest
    for feature, needed in _NEEDS.items():
        if feature in manifest.features and needed not in manifest.features:
            yield f"{feature.value} without {needed.value}"
    for feature, operation in _OPERATION_OF.items():
        if feature in manifest.features and operation not in manifest.operations:
            yield f"{feature.value} without {operation.value}"


def _currencies(subject: Subject) -> Iterator[str]:
    rules = subject.adapter.manifest.currencies
    names = [rule.currency for rule in rules]
    yield from (f"two rules for {name}" for name in sorted({one for one in names if names.count(one) > 1}))
    for rule in rules:
        yield from (f"{rule.currency}: {fault}" for fault in _currency_faults(rule))


def _currency_faults(rule: CurrencyRule) -> Iterator[str]:
    if rule.currency not in EXPONENTS:
        yield "no current ISO 4217 currency with minor units"
    if not 0 <= rule.exponent <= _EXPONENT_MAX:
        yield f"exponent {rule.exponent}"
    if rule.minimum_minor < 1:
        yield f"minimum {rule.minimum_minor}"
    if rule.maximum_minor is not None and rule.maximum_minor < rule.minimum_minor:
        yield f"minimum {rule.minimum_minor} above maximum {rule.maximum_minor}"
    if rule.multiple_minor < 1:
        yield f"multiples of {rule.multiple_minor}"
    coarser = 10 ** max(EXPONENTS.get(rule.currency, 0) - rule.exponent, 0)
    if rule.multiple_minor >= 1 and rule.multiple_minor % coarser:
        yield f"takes multiples of {rule.multiple_minor} minor units, and its own unit is {coarser} of them"


def _idempotency(subject: Subject) -> Iterator[str]:
    manifest = subject.adapter.manifest
    rule = manifest.idempotency
    yield from _key_faults(rule)
    if rule.place is KeyPlace.NONE and manifest.visibility_horizon_seconds is None and manifest.look_ups:
        yield "no key, and no horizon after which a look-up could prove that nothing arrived"


def _key_faults(rule: IdempotencyRule) -> Iterator[str]:
    if rule.place in {KeyPlace.HEADER, KeyPlace.FIELD} and not rule.name:
        yield f"a key in a {rule.place.value} without a name"
    if rule.place is KeyPlace.NONE:
        return
    if rule.length_max < 1 or (rule.lifetime_seconds is not None and rule.lifetime_seconds <= 0):
        yield "a key of no length, or of no lifetime"
    try:
        re.compile(rule.pattern)
    except re.error as fault:
        yield f"the pattern of keys is none: {fault}"


def _callbacks(subject: Subject) -> Iterator[str]:
    manifest = subject.adapter.manifest
    rule = manifest.callbacks
    if (rule is not None) != (Ability.CALLS_BACK in manifest.abilities):
        yield "calls back, if and only if it has a rule of callbacks"
    if rule is None:
        return
    if rule.signature is None and rule.is_authoritative:
        yield "unsigned callbacks are declared authoritative"
    if rule.signature is None and rule.tolerance_seconds is not None:
        yield "a tolerance for the time of a signature that there is not"
    if rule.tolerance_seconds is not None and rule.tolerance_seconds <= 0:
        yield f"a tolerance of {rule.tolerance_seconds} s"


def _bounds(subject: Subject) -> Iterator[str]:
    manifest = subject.adapter.manifest
    if not 0 < manifest.deadline_seconds <= _DEADLINE_MAX:
        yield f"a deadline of {manifest.deadline_seconds} s"
    if manifest.visibility_horizon_seconds is not None and manifest.visibility_horizon_seconds < 0:
        yield f"a horizon of {manifest.visibility_horizon_seconds} s"
    for limit in manifest.rate_limits:
        if limit.per_second <= 0 or limit.burst < 1:
            yield f"a limit of {limit.per_second:g} a second with a burst of {limit.burst}"
    classes = [limit.operation_class for limit in manifest.rate_limits]
    yield from (f"two limits for {one}" for one in sorted({one for one in classes if classes.count(one) > 1}))
    try:
        ZoneInfo(manifest.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"no time zone: {manifest.time_zone!r}"


def _narrower(subject: Subject) -> Iterator[str]:
    whole, own = subject.spec.manifest, subject.adapter.manifest
    for what in ("operations", "abilities", "features", "methods", "look_ups"):
        more = getattr(own, what) - getattr(whole, what)
        yield from (f"{what}: the adapter adds {one}" for one in sorted(more))
    if whole.currencies:
        more = _codes(own) - _codes(whole) if own.currencies else {"any"}
        yield from (f"currencies: the adapter adds {one}" for one in sorted(more))
    if own.idempotency != whole.idempotency:
        yield "the adapter declares another idempotency"


def _codes(manifest: ProviderManifest) -> set[str]:
    return {rule.currency for rule in manifest.currencies}


CHECKS = (
    Check(
        "manifest.name",
        "The spec, its manifest and its adapters bear one name: a short word of a-z, 0-9 and _.",
        "It stands in addresses, accounts of the ledger and logs.",
        _names,
    ),
    Check(
        "manifest.abilities",
        "What is declared is what is implemented, and nothing else.",
        "The matrix of providers would lie, and the kernel would call what is not there.",
        _abilities,
    ),
    Check(
        "manifest.operations",
        "Each declared operation can be built from an example, and none that is not declared.",
        "A payment would be routed to a provider that cannot take it.",
        _operations,
    ),
    Check(
        "manifest.features",
        "No feature is declared without what it rests on.",
        "A partial capture would be offered where there is no capture.",
        _features,
    ),
    Check(
        "manifest.currencies",
        "Each currency exists, once, with an exponent, bounds and multiples that can be met.",
        "Amounts would be sent a hundred times too large, or never.",
        _currencies,
    ),
    Check(
        "manifest.idempotency",
        "The rule of keys is whole; without keys a horizon says when a look-up proves absence.",
        "Whether an operation may be sent again hangs on it.",
        _idempotency,
    ),
    Check(
        "manifest.callbacks",
        "There is a rule of callbacks if and only if it calls back; what is unsigned decides nothing.",
        "Anybody could tell us that a payment succeeded.",
        _callbacks,
    ),
    Check(
        "manifest.bounds",
        "Deadline, horizon, limits and time zone are real.",
        "Calls would wait forever, or not at all.",
        _bounds,
    ),
    Check(
        "manifest.narrower",
        "A configured adapter declares no more than its spec.",
        "What the spec says holds for every configuration, and is what is shown before one exists.",
        _narrower,
    ),
)
