"""The catalogue of errors is whole: what is raised is in it, and what is in it can be raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import domain.errors
from domain.errors import CATALOGUE, ErrorCode, Kind
from entrypoints.http.edge.problems import STATUS_OF

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "application", "adapters", "entrypoints")
SIMULATOR = ROOT / "entrypoints" / "simulator"
CONSTANTS = {name: entry for name, entry in vars(domain.errors).items() if isinstance(entry, ErrorCode)}

NOT_RAISED: dict[str, str] = {}
"""Codes that nothing raises, each with why it is there all the same."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            if SIMULATOR not in file.parents:
                yield file, ast.parse(file.read_text(encoding="utf-8"))


def used_names(tree: ast.Module) -> Iterator[str]:
    """Give the names that are read in a file; an import alone uses nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def refusals(tree: ast.Module) -> Iterator[ast.expr]:
    """Give the first argument of every `MediatorError(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "MediatorError":
            yield node.args[0]


def test_every_entry_has_the_name_of_its_code_and_is_in_the_catalogue() -> None:
    assert {name: entry.code for name, entry in CONSTANTS.items()} == {name: name for name in CONSTANTS}
    assert {code: id(entry) for code, entry in CATALOGUE.items()} == {
        name: id(entry) for name, entry in CONSTANTS.items()
    }


def test_every_refusal_names_an_entry_of_the_catalogue_or_hands_one_on() -> None:
    for file, tree in sources():
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "domain.errors"
            for alias in node.names
        }
        for entry in refusals(tree):
            name = ast.unparse(entry)
            if name.isupper():
                assert name in CATALOGUE, f"{file}: {name}"
                assert name in imported or file.name == "errors.py", f"{file}: {name}"
            else:
                assert name == "entry", f"{file}: what is {name}?"


def test_nobody_makes_a_code_outside_of_the_catalogue() -> None:
    makers = [file for file, tree in sources() if "ErrorCode" in calls(tree)]

    assert [file.relative_to(ROOT).as_posix() for file in makers] == ["domain/errors.py"]


def calls(tree: ast.Module) -> set[str]:
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_every_code_of_the_catalogue_can_be_raised() -> None:
    used = {name for file, tree in sources() if file.name != "errors.py" for name in used_names(tree)}

    assert set(CATALOGUE) - used == NOT_RAISED.keys()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_entry_says_what_happened_and_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]

    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.remedy.endswith(".")
    assert STATUS_OF[entry.kind] >= 400
    assert not (entry.safe_to_failover and entry.money_state is None)


def test_every_kind_of_trouble_has_a_status_of_its_own() -> None:
    assert set(STATUS_OF) == set(Kind)
    assert len(set(STATUS_OF.values())) == len(STATUS_OF)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_only_what_moved_no_money_may_be_paid_elsewhere(code: str) -> None:
    entry = CATALOGUE[code]

    if entry.safe_to_failover:
        assert entry.money_state == "none"
