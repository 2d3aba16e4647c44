"""What each installed provider declares is what its adapter does: no more, no less."""

import msgspec
import pytest

from adapters.providerkit.adapter import Adapter, Collects, LooksUp, PaysOut, abilities_of
from adapters.providerkit.messages import CannotBuildError
from adapters.providerkit.spec import ProviderSpec
from domain.manifests import Ability, Feature, LookUp, ProviderManifest
from domain.money import Currency, Money
from domain.providers import Instruction, OperationKind, Payee
from entrypoints.wiring.provider_specs import provider_specs

SPECS = {spec.name: spec for spec in provider_specs()}
URL = "https://provider.example"

CONFIGS: dict[str, dict[str, object]] = {
    "esewa": {"form_url": URL, "status_url": URL, "product_code": "EPAYTEST"},
    "khalti": {"base_url": URL, "refund_url": URL, "website_url": URL, "partial_refunds": "in_paisa"},
    "sandbox": {"base_url": URL},
}
"""The widest configuration of each: one that takes nothing away from the manifest."""

CREDENTIALS: dict[str, dict[str, object]] = {
    "esewa": {"secret_key": "test_key", "callback_secrets": ["test_secret"]},
    "khalti": {"secret_key": "test_key"},
    "sandbox": {"api_key": "test_key", "callback_secrets": ["test_secret"]},
}

REFERENCES = {"khalti": "HT6o6PEZRWFJ5ygavzHWd5/GFq9PFS7b2iYvL8Lir9oXe"}
"""How a provider's reference of a payment looks, where any word will not do."""

NEW = {OperationKind.AUTHORIZE, OperationKind.PAYOUT}
"""Operations before which there is nothing at the provider."""

EVERY = pytest.mark.parametrize("name", SPECS)


def adapter_of(spec: ProviderSpec) -> Adapter:
    """Make the adapter as an account is opened."""
    assert spec.name in CONFIGS, f"teach this test how {spec.name} is configured"
    config = msgspec.convert(CONFIGS[spec.name], spec.config)
    return spec.create(config, msgspec.convert(CREDENTIALS[spec.name], spec.credentials))


def instruction(kind: OperationKind, manifest: ProviderManifest) -> Instruction:
    """Ask for an operation of a hundred of the first currency, with everything that any provider may need."""
    currency = Currency(manifest.currencies[0].currency if manifest.currencies else "EUR")
    amount = Money(10_000, currency)
    return Instruction(
        kind=kind,
        key="0198c5a0b1c27d3e8f00112233445566",
        amount=amount,
        payment_id=f"pay_{'1' * 32}",
        account=f"pac_{'2' * 32}",
        provider_reference=None if kind in NEW else REFERENCES.get(manifest.name, "ch_1"),
        payment_method="tok_success",
        payee=Payee(name="A Name", country="DE", iban="DE89370400440532013000", bic="COBADEFFXXX"),
        reference="order 1",
        description="An order",
        capture=True,
        callback_url=f"{URL}/callback",
        return_url=f"{URL}/return",
        payment_amount=amount,
    )


@EVERY
def test_its_abilities_are_the_protocols_that_it_implements(name: str) -> None:
    adapter = adapter_of(SPECS[name])

    assert abilities_of(adapter) == adapter.manifest.abilities == SPECS[name].manifest.abilities


@EVERY
def test_it_builds_every_operation_that_it_declares_and_no_other(name: str) -> None:
    adapter = adapter_of(SPECS[name])

    assert {kind for kind in OperationKind if builds(adapter, kind)} == adapter.manifest.operations


def builds(adapter: Adapter, kind: OperationKind) -> bool:
    asked = instruction(kind, adapter.manifest)
    try:
        if kind is OperationKind.PAYOUT:
            return isinstance(adapter, PaysOut) and adapter.build_payout(asked) is not None
        return isinstance(adapter, Collects) and adapter.build_request(asked) is not None
    except CannotBuildError:
        return False


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
    if OperationKind.REFUND not in adapter.manifest.operations or not isinstance(adapter, Collects):
        assert Feature.PARTIAL_REFUND not in adapter.manifest.features
        return
    whole = instruction(OperationKind.REFUND, adapter.manifest)
    part = msgspec.structs.replace(whole, amount=Money(5_000, whole.amount.currency))

    try:
        can = adapter.build_request(part) is not None
    except CannotBuildError:
        can = False

    assert can == (Feature.PARTIAL_REFUND in adapter.manifest.features)


@EVERY
def test_it_can_be_asked_by_what_it_says(name: str) -> None:
    adapter = adapter_of(SPECS[name])
    if not isinstance(adapter, LooksUp):
        assert not adapter.manifest.look_ups
        return
    asked = instruction(OperationKind.AUTHORIZE, adapter.manifest)
    by_theirs = msgspec.structs.replace(asked, provider_reference="ch_1", operation_reference="ch_1")

    for which, one in ((LookUp.BY_OUR_REFERENCE, asked), (LookUp.BY_PROVIDER_REFERENCE, by_theirs)):
        if which in adapter.manifest.look_ups:
            assert adapter.build_look_up(one) is not None


@EVERY
def test_a_configuration_only_narrows_what_the_manifest_says(name: str) -> None:
    spec = SPECS[name]
    manifest = adapter_of(spec).manifest

    assert manifest.name == spec.manifest.name == name
    assert manifest.operations <= spec.manifest.operations
    assert manifest.features <= spec.manifest.features
    assert manifest.methods <= spec.manifest.methods
    assert set(manifest.currencies) <= set(spec.manifest.currencies)


@EVERY
def test_its_credentials_show_nothing_of_themselves(name: str) -> None:
    credentials = msgspec.convert(CREDENTIALS[name], SPECS[name].credentials)

    assert "test_" not in repr(credentials)
