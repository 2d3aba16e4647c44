"""Each import contract is kept by the tree as it stands, and broken by one import that it is there to refuse."""

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("domain", "application", "adapters", "entrypoints")
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@dataclass(frozen=True)
class Fault:
    """One import, planted in one file (made if it is not there), that one contract must refuse."""

    contract: str
    file: str
    line: str


FAULTS = [
    Fault(
        "The house has four floors; arrows point down",
        file="domain/payments.py",
        line="import application.ports.journal",
    ),
    Fault(
        "Adapters plug into ports, never into use cases",
        file="adapters/planted.py",
        line="import application.payments.create_payment",
    ),
    Fault(
        "Inside the application: tables over use cases over ports; contexts apart",
        file="application/ledger/planted.py",
        line="import application.payments.create_payment",
    ),
    Fault(
        "Inside the application: tables over use cases over ports; contexts apart",
        file="application/unnamed_context.py",
        line="",
    ),
    Fault(
        "Inside the domain: decisions over dossiers over contexts over shared words",
        file="domain/ledger.py",
        line="import domain.bookkeeping",
    ),
    Fault(
        "Inside the domain: decisions over dossiers over contexts over shared words",
        file="domain/unnamed_context.py",
        line="",
    ),
    Fault(
        "The domain and the application know no machinery",
        file="application/payments/create_payment.py",
        line="import sqlalchemy",
    ),
    Fault(
        "The domain is pure: no clock, no chance, no files, no waiting",
        file="domain/money.py",
        line="import random",
    ),
    Fault(
        "A provider's folder opens no connection: the kit owns the network",
        file="adapters/providers/planted/__init__.py",
        line="import aiohttp",
    ),
    Fault(
        "A provider knows no other provider",
        file="adapters/providers/planted/__init__.py",
        line="import adapters.providers.neighbour",
    ),
    Fault(
        "Doors do not open into each other; they share the wiring and the settings",
        file="entrypoints/worker/planted.py",
        line="import entrypoints.http.app",
    ),
    Fault(
        "Doors do not open into each other; they share the wiring and the settings",
        file="entrypoints/cli/planted.py",
        line="import entrypoints.simulator.app",
    ),
    Fault(
        "The simulator is a foreign system: it shares no code with us",
        file="entrypoints/simulator/rules.py",
        line="import domain.money",
    ),
    Fault(
        "No circles between siblings",
        file="adapters/telemetry/planted.py",
        line="import adapters.providerkit.planted",
    ),
]

# What a fault needs beside it, so that the import it plants leads somewhere.
COMPANIONS = {
    "adapters/providers/neighbour/__init__.py": "",
    "adapters/providerkit/planted.py": "import adapters.telemetry.logging\n",
}


def contracts() -> list[str]:
    """Give the contracts' names, in order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [contract["name"] for contract in project["tool"]["importlinter"]["contracts"]]


def verdicts(directory: Path) -> tuple[int, dict[str, str]]:
    """Run import-linter there. Gives its exit code and KEPT or BROKEN by contract."""
    command = [str(LINT_IMPORTS), "--no-cache", "--config", "pyproject.toml"]
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    # A long name is wrapped, so names are found by the text without its line ends.
    said = " ".join(run.stdout.split())
    return run.returncode, {
        name: found[1] for name in contracts() if (found := re.search(re.escape(name) + r" (KEPT|BROKEN)", said))
    }


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Give a copy of the four floors with what the faults need beside them."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, tmp_path / floor, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in COMPANIONS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_contract_is_kept_before_anything_is_planted(house: Path) -> None:
    assert verdicts(house) == (0, dict.fromkeys(contracts(), "KEPT"))


def test_every_contract_has_a_fault_that_breaks_it() -> None:
    assert {fault.contract for fault in FAULTS} == set(contracts())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.file} {fault.line}")
def test_contract_refuses_the_planted_import(house: Path, fault: Fault) -> None:
    file = house / fault.file
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(f"{before}\n{fault.line}\n", encoding="utf-8")

    exit_code, verdict = verdicts(house)

    assert exit_code == 1
    assert verdict[fault.contract] == "BROKEN"
