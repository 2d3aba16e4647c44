"""`mediator providers list|show`: the matrix of what is installed, without a database."""

import importlib
from pathlib import Path

import msgspec
import pytest

from domain.manifests import ProviderManifest
from entrypoints.cli.commands.providers import COMMANDS
from entrypoints.wiring.provider_specs import provider_specs
from tests.entrypoints.cli.conftest import Run

NAMES = tuple(spec.name for spec in provider_specs())


def test_list_names_every_installed_provider_and_its_operations(mediator: Run) -> None:
    said = mediator("providers", "list")

    assert (said.code, said.err) == (0, "")
    assert [name for name in NAMES if f"│ {name} " not in said.out] == []
    assert "authorize capture refund void" in said.out


def test_list_for_programs_is_the_manifests_to_the_letter(mediator: Run) -> None:
    said = mediator("providers", "list", "--json")

    read = msgspec.json.decode(said.out, type=tuple[ProviderManifest, ...])
    assert read == tuple(spec.manifest for spec in provider_specs())


@pytest.mark.parametrize("name", NAMES)
def test_show_tells_every_field_that_configures_an_account(name: str, mediator: Run) -> None:
    spec = next(one for one in provider_specs() if one.name == name)

    said = mediator("providers", "show", name)

    fields = (*spec.config.__struct_fields__, *spec.credentials.__struct_fields__)
    assert (said.code, said.err) == (0, "")
    assert [field for field in fields if f"│ {field} " not in said.out] == []


def test_show_for_programs_gives_schemas_that_are_complete_and_portable(mediator: Run) -> None:
    shown = msgspec.json.decode(mediator("providers", "show", "khalti", "--json").out)

    schema = shown["config_schema"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["partial_refunds"]["$ref"] == "#/$defs/PartialRefunds"
    assert schema["$defs"]["PartialRefunds"]["enum"] == ["in_paisa", "refused"]
    assert shown["credentials_schema"]["required"] == ["secret_key"]
    assert mediator("providers", "show", "esewa", "--json").out.count("^[A-Za-z0-9_-]{1,64}$") == 1


def test_unknown_provider_is_one_line_that_names_those_that_are_there(mediator: Run, tmp_path: Path) -> None:
    said = mediator("providers", "show", "nobody")

    assert (said.code, said.out) == (2, "")
    assert said.err == f"mediator: There is no provider 'nobody'. There are: {', '.join(NAMES)}.\n"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_command_is_where_the_table_says_and_has_help(name: str, mediator: Run) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")

    said = mediator("providers", name, "--help")

    assert getattr(importlib.import_module(f"entrypoints.cli.providers.{module}"), attribute)
    assert (said.code, said.err) == (0, "")
    assert f"Usage: mediator providers {name}" in said.out
