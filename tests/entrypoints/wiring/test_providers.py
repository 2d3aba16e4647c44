"""Providers are found by their folders and switched on by the settings."""

import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import adapters.providers
from entrypoints.settings import Settings
from entrypoints.wiring.provider_specs import provider_specs
from entrypoints.wiring.providers import first_accounts

FOLDERS = tuple(found.name for found in pkgutil.iter_modules(adapters.providers.__path__) if found.ispkg)
SANDBOX = {
    "sandbox_url": "http://127.0.0.1:1",
    "sandbox_api_key": "sk_example",
    "sandbox_callback_secrets": ("whsec_example",),
}
PLANTED = """
from adapters.providerkit.spec import ProviderSpec
from adapters.providers.sandbox import SandboxConfig
from adapters.providers.sandbox.adapter import MANIFEST
spec = ProviderSpec(name="planted", manifest=MANIFEST, config=SandboxConfig, create=lambda config, _: config)
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


async def test_the_settings_name_the_account_that_a_tenant_begins_with() -> None:
    (account,) = first_accounts(switched_on()).accounts

    assert account.provider == "sandbox"
    assert "sk_example" not in repr(account)


async def test_without_its_address_the_sandbox_is_no_account_of_a_new_tenant() -> None:
    assert first_accounts(Settings(secret_key="x" * 32)).accounts == ()
