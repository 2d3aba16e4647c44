"""What Adyen's folder exports, and which settings it takes."""

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import KernelProvider
from adapters.providers.adyen import AdyenConfig, AdyenCredentials, spec
from domain.currencies import EXPONENTS
from domain.manifests import Ability
from domain.providers import OperationKind, Unknown
from tests.adapters.providers.adyen.examples import ADAPTER, CONFIG, CREDENTIALS, authorize, later


def test_spec_makes_the_adapter_and_its_manifest_says_what_it_can_do() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=7), CREDENTIALS).manifest

    assert (spec.name, spec.config, spec.credentials) == ("adyen", AdyenConfig, AdyenCredentials)
    assert manifest == msgspec.structs.replace(spec.manifest, deadline_seconds=7)
    assert spec.manifest.abilities == abilities_of(ADAPTER)
    for kind in spec.manifest.operations:
        instruction = authorize() if kind is OperationKind.AUTHORIZE else later(kind)
        assert ADAPTER.build_request(instruction).headers["Idempotency-Key"] == instruction.key


async def test_there_is_nobody_to_ask_so_doubt_stays_until_a_webhook_ends_it() -> None:
    provider = KernelProvider(ADAPTER, ProviderHttp())

    finding = await provider.look_up(authorize())

    assert finding == Unknown("adyen cannot be asked")
    assert Ability.LOOKS_UP not in spec.manifest.abilities
    assert spec.manifest.visibility_horizon_seconds is None
    assert spec.manifest.callbacks is not None
    assert spec.manifest.callbacks.is_authoritative


def test_exponents_differ_from_the_standard_where_adyen_does() -> None:
    rules = spec.manifest.currencies

    assert {one.currency: one.exponent for one in rules if EXPONENTS[one.currency] != one.exponent} == {
        "CLP": 2,
        "CVE": 0,
        "IDR": 0,
        "ISK": 2,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "ftp://checkout.example"},
        {"base_url": "https://user:password@checkout.example"},
        {"merchant_account": ""},
        {"deadline_seconds": 0},
        {"colour": "blue"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(CONFIG) | changes, AdyenConfig)


@pytest.mark.parametrize(
    "changes",
    [{"api_key": ""}, {"callback_secrets": []}, {"callback_secrets": ["nonsense"]}, {"callback_secrets": [""]}],
)
def test_credentials_that_open_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(CREDENTIALS) | changes, AdyenCredentials)


def test_settings_do_not_show_their_secrets() -> None:
    shown = f"{CREDENTIALS!r} {vars(ADAPTER)} {ADAPTER.build_request(authorize())!r}"

    assert "AQE_test" not in shown
    assert "44782DEF" not in shown
