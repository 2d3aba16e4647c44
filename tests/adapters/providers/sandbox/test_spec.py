"""What the sandbox's folder exports, and which settings it takes."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.providers.sandbox import SandboxConfig, spec
from domain.providers import (
    OperationKind,
)
from tests.adapters.providers.sandbox.examples import (
    CONFIG,
    DIALECT,
)


def test_spec_makes_the_dialect_and_the_manifest_promises_what_the_gateway_keeps() -> None:
    manifest = spec.create(msgspec.structs.replace(CONFIG, deadline_seconds=0.7)).manifest

    assert (spec.name, spec.config, manifest.name) == ("sandbox", SandboxConfig, "sandbox")
    assert manifest.operations == frozenset(OperationKind)
    assert (manifest.idempotent, manifest.visibility_horizon_seconds) == (True, 3.0)
    assert (manifest.deadline_seconds, manifest.callback_tolerance_seconds) == (0.7, 300)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "gateway.example"},
        {"base_url": "ftp://gateway.example"},
        {"base_url": "http://user:password@gateway.example"},
        {"base_url": "http://"},
        {"api_key": ""},
        {"callback_secrets": ()},
        {"callback_secrets": ("whsec_1", "")},
        {"deadline_seconds": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    settings: dict[str, object] = {"base_url": "http://a.example", "api_key": "k", "callback_secrets": ("s",)}

    with pytest.raises(ValueError, match=r"\w"):
        SandboxConfig(**(settings | changes))  # type: ignore[arg-type]


def test_settings_do_not_show_their_secrets() -> None:
    assert "sk_test" not in repr(CONFIG)
    assert "whsec" not in f"{CONFIG} {DIALECT}"


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
