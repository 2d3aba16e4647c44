"""What eSewa's folder exports, and which settings it takes."""

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providers.esewa import EsewaConfig, EsewaCredentials, spec
from domain.manifests import Feature
from domain.providers import OperationKind
from tests.adapters.providers.esewa.examples import ADAPTER, CONFIG, CREDENTIALS, KEY


def test_spec_makes_the_adapter_and_the_manifest_says_what_it_can_do() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=0.7), CREDENTIALS).manifest

    assert (spec.name, spec.config, spec.credentials) == ("esewa", EsewaConfig, EsewaCredentials)
    assert manifest == msgspec.structs.replace(spec.manifest, deadline_seconds=0.7)
    assert spec.manifest.abilities == abilities_of(ADAPTER)


def test_refunds_are_made_by_hand_at_esewa_and_declared_so() -> None:
    assert spec.manifest.operations == {OperationKind.AUTHORIZE}
    assert spec.manifest.features == {Feature.FORM_POST}


@pytest.mark.parametrize("name", ["form_url", "status_url"])
@pytest.mark.parametrize(
    "address", ["wallet.example", "ftp://a.example", "http://u:password@a.example", "http://a.example/?x=1"]
)
def test_addresses_that_cannot_work_are_refused(name: str, address: str) -> None:
    with pytest.raises(ValueError, match=name):
        msgspec.convert(msgspec.to_builtins(CONFIG) | {name: address}, EsewaConfig)


@pytest.mark.parametrize("changes", [{"deadline_seconds": 0}, {"product_code": "a b"}, {"product_code": ""}, {"x": 1}])
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(CONFIG) | changes, EsewaConfig)


@pytest.mark.parametrize("changes", [{"secret_key": ""}, {"callback_secrets": ()}, {"callback_secrets": ("a", "")}])
def test_credentials_with_which_anybody_could_sign_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        msgspec.convert({"secret_key": "k", "callback_secrets": ["k"], **changes}, EsewaCredentials)


def test_settings_do_not_show_their_secrets() -> None:
    assert KEY not in f"{CREDENTIALS!r} {CREDENTIALS} {ADAPTER}"
