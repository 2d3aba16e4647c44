"""What the sandbox's folder exports, and which settings it takes."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.providerkit.adapter import abilities_of
from adapters.providerkit.messages import CannotBuildError
from adapters.providers.sandbox import SandboxConfig, SandboxCredentials, spec
from domain.providers import OperationKind, Payee
from tests.adapters.providers.sandbox.examples import ADAPTER, CONFIG, CREDENTIALS, authorize, later


def test_spec_makes_the_adapter_and_the_manifest_promises_what_the_gateway_keeps() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=0.7), CREDENTIALS).manifest

    assert (spec.name, spec.config, spec.credentials) == ("sandbox", SandboxConfig, SandboxCredentials)
    assert manifest == msgspec.structs.replace(spec.manifest, deadline_seconds=0.7)
    assert manifest.idempotency.name == "Idempotency-Key"
    assert manifest.visibility_horizon_seconds == 3.0
    assert manifest.callbacks is not None
    assert manifest.callbacks.tolerance_seconds == 300


def test_manifest_says_what_the_adapter_can_do_and_nothing_else() -> None:
    assert spec.manifest.abilities == abilities_of(ADAPTER)
    assert spec.manifest.operations == set(OperationKind)
    for kind in spec.manifest.operations - {OperationKind.PAYOUT}:
        instruction = authorize() if kind is OperationKind.AUTHORIZE else later(kind)
        assert ADAPTER.build_request(instruction).headers["Idempotency-Key"] == instruction.key
    payout = msgspec.structs.replace(later(OperationKind.PAYOUT), payee=Payee(name="Anna", country="DE", iban="DE1"))
    assert ADAPTER.build_payout(payout).headers["Idempotency-Key"] == payout.key
    with pytest.raises(CannotBuildError, match="build_payout"):
        ADAPTER.build_request(payout)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "gateway.example"},
        {"base_url": "ftp://gateway.example"},
        {"base_url": "http://user:password@gateway.example"},
        {"base_url": "http://"},
        {"deadline_seconds": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SandboxConfig(**({"base_url": "http://a.example"} | changes))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("changes", [{"api_key": ""}, {"callback_secrets": ()}, {"callback_secrets": ("whsec_1", "")}])
def test_credentials_that_open_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SandboxCredentials(**({"api_key": "k", "callback_secrets": ("s",)} | changes))  # type: ignore[arg-type]  # by name


def test_settings_do_not_show_their_secrets() -> None:
    assert "sk_test" not in f"{CREDENTIALS!r} {CREDENTIALS} {ADAPTER}"
    assert "whsec" not in f"{CREDENTIALS} {ADAPTER}"


def test_folder_of_the_provider_opens_no_socket() -> None:
    check = "import sys, adapters.providers.sandbox\nprint({'aiohttp', 'socket', 'asyncio'} & set(sys.modules))"

    # Coverage would open a socket of its own in every process that inherits its variables.
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}

    answer = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[4],
        env=own,
    )

    assert answer.stdout.strip() == "set()"
