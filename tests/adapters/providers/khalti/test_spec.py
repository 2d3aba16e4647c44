"""What Khalti's folder exports, and which settings it takes."""

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providers.khalti import KhaltiConfig, KhaltiCredentials, spec
from domain.manifests import Feature, KeyPlace
from tests.adapters.providers.khalti.examples import ADAPTER, CONFIG, CREDENTIALS, IN_PARTS


def test_spec_makes_an_adapter_whose_manifest_is_never_wider() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=0.7), CREDENTIALS).manifest

    assert (spec.name, spec.config, spec.credentials) == ("khalti", KhaltiConfig, KhaltiCredentials)
    assert manifest.deadline_seconds == 0.7
    assert manifest.features < spec.manifest.features
    assert IN_PARTS.manifest == spec.manifest
    assert spec.manifest.abilities == abilities_of(ADAPTER)


def test_nothing_protects_a_repetition_so_nothing_may_be_repeated_blindly() -> None:
    assert spec.manifest.idempotency.place is KeyPlace.NONE
    assert not spec.manifest.is_idempotent
    assert Feature.MANUAL_CAPTURE not in spec.manifest.features


@pytest.mark.parametrize("name", ["base_url", "refund_url", "website_url"])
@pytest.mark.parametrize(
    "address", ["wallet.example", "ftp://a.example", "http://u:password@a.example", "http://", "http://a.example/?x=1"]
)
def test_addresses_that_cannot_work_are_refused(name: str, address: str) -> None:
    with pytest.raises(ValueError, match=name):
        msgspec.convert(msgspec.to_builtins(CONFIG) | {name: address}, KhaltiConfig)


@pytest.mark.parametrize(
    "changes", [{"deadline_seconds": 0}, {"order_name": ""}, {"partial_refunds": "rupees"}, {"x": 1}]
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(CONFIG) | changes, KhaltiConfig)


def test_credentials_open_something_and_are_not_shown() -> None:
    with pytest.raises(ValueError, match="secret_key"):
        KhaltiCredentials(secret_key="")
    assert "test_secret" not in f"{CREDENTIALS!r} {CREDENTIALS} {ADAPTER} {ADAPTER.build_verification()!r}"
