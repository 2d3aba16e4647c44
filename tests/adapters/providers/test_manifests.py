"""What each installed provider declares is what its adapter does: no more, no less, as its own folder shows it."""

import msgspec
import pytest

from adapters.providerkit.adapter import Adapter, abilities_of
from adapters.providerkit.conformance.secrets import secrets_in
from adapters.providerkit.conformance.subject import find_built, find_question
from adapters.providerkit.examples import Examples
from adapters.providerkit.spec import ProviderSpec
from domain.manifests import Ability, Feature, LookUp
from domain.money import Money
from domain.providers import Instruction, OperationKind
from entrypoints.wiring.provider_specs import provider_specs

SPECS = {spec.name: spec for spec in provider_specs()}

EVERY = pytest.mark.parametrize("name", SPECS)


def shown(spec: ProviderSpec) -> Examples:
    """Give what the provider's folder shows of itself: everything about it that a test may need to know."""
    assert spec.examples is not None, f"{spec.name} shows no examples"
    return spec.examples()


def adapter_of(spec: ProviderSpec) -> Adapter:
    """Make the adapter as an account is opened."""
    examples = shown(spec)
    return spec.create(examples.config, examples.credentials)


def example_of(spec: ProviderSpec, kind: OperationKind) -> Instruction | None:
    """Give the first example of an operation."""
    return next((one for one in shown(spec).instructions if one.kind is kind), None)


@EVERY
def test_its_abilities_are_the_protocols_that_it_implements(name: str) -> None:
    adapter = adapter_of(SPECS[name])

    assert abilities_of(adapter) == adapter.manifest.abilities == SPECS[name].manifest.abilities


@EVERY
def test_it_builds_every_operation_that_it_declares_and_no_other(name: str) -> None:
    spec = SPECS[name]
    adapter = adapter_of(spec)

    assert {kind for kind in OperationKind if builds(spec, adapter, kind)} == adapter.manifest.operations


def builds(spec: ProviderSpec, adapter: Adapter, kind: OperationKind) -> bool:
    """Whether an operation is built: from its own example, or of an example of another kind where there is none."""
    asked = example_of(spec, kind) or msgspec.structs.replace(shown(spec).instructions[-1], kind=kind)
    return find_built(adapter, asked) is not None


@EVERY
def test_its_manifest_agrees_with_itself(name: str) -> None:
    manifest = SPECS[name].manifest

    assert (Ability.COLLECTS in manifest.abilities) == bool(manifest.operations - {OperationKind.PAYOUT})
    assert (Ability.PAYS_OUT in manifest.abilities) == (OperationKind.PAYOUT in manifest.operations)
    assert (Ability.LOOKS_UP in manifest.abilities) == bool(manifest.look_ups)
    assert (Ability.CALLS_BACK in manifest.abilities) == (manifest.callbacks is not None)
    if {Feature.PARTIAL_CAPTURE, Feature.MULTIPLE_CAPTURES} & manifest.features:
        assert {OperationKind.CAPTURE, OperationKind.VOID} <= manifest.operations
        assert Feature.MANUAL_CAPTURE in manifest.features
    if {Feature.PARTIAL_REFUND, Feature.MULTIPLE_REFUNDS} & manifest.features:
        assert OperationKind.REFUND in manifest.operations
    if Feature.PAYOUT_BATCH in manifest.features:
        assert OperationKind.PAYOUT in manifest.operations
    assert len({rule.currency for rule in manifest.currencies}) == len(manifest.currencies)


@EVERY
def test_a_part_is_refunded_where_that_is_declared_and_nowhere_else(name: str) -> None:
    adapter = adapter_of(SPECS[name])
    whole = example_of(SPECS[name], OperationKind.REFUND)
    if whole is None:
        assert Feature.PARTIAL_REFUND not in adapter.manifest.features
        return
    part = msgspec.structs.replace(
        whole,
        amount=Money(whole.amount.minor // 2, whole.amount.currency),
        payment_amount=whole.payment_amount or whole.amount,
    )

    can = find_built(adapter, part) is not None

    assert can == (Feature.PARTIAL_REFUND in adapter.manifest.features)


@EVERY
def test_it_can_be_asked_by_what_it_says(name: str) -> None:
    """Ask about an example with only our names, then about one that the provider has named as well."""
    spec = SPECS[name]
    adapter, asked = adapter_of(spec), shown(spec).instructions[0]
    nameless = msgspec.structs.replace(asked, provider_reference=None, operation_reference=None)
    by_theirs = [one for one in shown(spec).instructions if one.provider_reference or one.operation_reference]

    if LookUp.BY_OUR_REFERENCE in adapter.manifest.look_ups:
        assert find_question(adapter, nameless) is not None
    if LookUp.BY_PROVIDER_REFERENCE in adapter.manifest.look_ups:
        assert any(find_question(adapter, one) is not None for one in by_theirs)


@EVERY
def test_a_configuration_only_narrows_what_the_manifest_says(name: str) -> None:
    spec = SPECS[name]
    manifest = adapter_of(spec).manifest

    assert manifest.name == spec.manifest.name == name
    assert manifest.operations <= spec.manifest.operations
    assert manifest.features <= spec.manifest.features
    assert manifest.methods <= spec.manifest.methods
    assert {rule.currency for rule in manifest.currencies} <= {rule.currency for rule in spec.manifest.currencies}


@EVERY
def test_its_credentials_show_nothing_of_themselves(name: str) -> None:
    credentials = shown(SPECS[name]).credentials

    assert not [secret for secret in secrets_in(credentials) if secret in repr(credentials)]
