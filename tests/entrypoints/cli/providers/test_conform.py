"""`mediator providers conform`: ours by name, anybody's by import, and an exit code for scripts."""

import msgspec
import pytest

from tests.entrypoints.cli.conftest import Run

TOY = "tests.adapters.providerkit.broken.toy_examples:spec"


def test_installed_provider_is_reported_in_a_table(mediator: Run) -> None:
    said = mediator("providers", "conform", "sandbox", "--cases", "5")

    assert said.code == 0
    assert "Conformance of sandbox" in said.out
    assert "idempotency.one" in said.out
    assert "sandbox conforms:" in said.out.splitlines()[-1]


def test_adapter_of_somebody_else_is_reported_for_programs(mediator: Run) -> None:
    said = mediator("providers", "conform", TOY, "--json", "--cases", "5", "--seed", "3")

    report = msgspec.json.decode(said.out)
    assert (said.code, report["provider"], report["seed"], report["cases"]) == (0, "toy", 3, 5)
    assert {line["verdict"] for line in report["lines"] if not line["check"].startswith("files.")} == {"passed"}


def test_failed_demand_is_explained_and_fails_the_command(mediator: Run) -> None:
    said = mediator("providers", "conform", "tests.entrypoints.cli.providers.liar:spec", "--cases", "5")

    assert said.code == 1
    assert "a deadline of 0.0 s" in said.out
    assert "why: Calls would wait forever" in said.out
    assert "toy does NOT conform" in said.out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", "No provider 'nobody' is installed. There are "),
        ("no.such.module:spec", "no.such.module:spec cannot be imported: "),
        ("json:dumps", "json:dumps is a function, no ProviderSpec."),
        ("tests.adapters.providerkit.broken.toy:nothing", "cannot be imported: "),
    ],
)
def test_unknown_adapter_is_a_usage_error(mediator: Run, name: str, words: str) -> None:
    said = mediator("providers", "conform", name)

    assert (said.code, said.out) == (2, "")
    assert words in said.err
