"""Providers are found by their folders and switched on by the settings."""

import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import adapters.providers
from adapters.providerkit.http import ProviderHttp
from domain.errors import MediatorError
from domain.providers import OperationKind
from entrypoints.settings import Settings
from entrypoints.wiring.providers import find_providers, provider_specs

FOLDERS = tuple(found.name for found in pkgutil.iter_modules(adapters.providers.__path__) if found.ispkg)
SANDBOX = {
    "sandbox_url": "http://127.0.0.1:1",
    "sandbox_api_key": "sk_example",
    "sandbox_callback_secrets": ("whsec_example",),
}
PLANTED = """
from adapters.providerkit.spec import ProviderSpec
from adapters.providers.sandbox import SandboxConfig
spec = ProviderSpec(name="planted", config=SandboxConfig, create=lambda config: config)
"""


def switched_on() -> Settings:
    return Settings(secret_key="x" * 32, **SANDBOX)  # type: ignore[arg-type]  # by name


def test_every_folder_exports_a_provider_of_its_name() -> None:
    assert FOLDERS
    assert tuple(spec.name for spec in provider_specs()) == FOLDERS


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put one more folder where the providers are."""
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").write_text(PLANTED)
    monkeypatch.setattr(adapters.providers, "__path__", [*adapters.providers.__path__, str(tmp_path)])
    yield
    sys.modules.pop("adapters.providers.planted", None)


@pytest.mark.usefixtures("planted")
def test_a_new_folder_is_found_without_being_named_anywhere() -> None:
    assert "planted" in {spec.name for spec in provider_specs()}


async def test_every_provider_can_be_switched_on_by_the_settings() -> None:
    found = find_providers(switched_on(), ProviderHttp())

    assert found.names() == tuple(sorted(FOLDERS))
    for name in found.names():
        assert found.named(name).manifest.name == name
        assert found.named(name).manifest.operations <= frozenset(OperationKind)


async def test_without_its_address_a_provider_is_switched_off() -> None:
    found = find_providers(Settings(secret_key="x" * 32), ProviderHttp())

    assert found.names() == ()
    with pytest.raises(MediatorError, match=r"^ROUTE_NO_PROVIDER: The provider 'sandbox' is not switched on"):
        found.named("sandbox")
