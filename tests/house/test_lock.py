"""The lock files say what pyproject.toml asks for, by name, version and hash, and nothing of where they were made."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FULL = ROOT / "requirements.lock"
IMAGE = ROOT / "requirements-image.lock"

PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][^ ]*)( ; [^\\/]+)? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
VIA = re.compile(r" {4}#( via| {2})( [a-z0-9-]+( \(pyproject\.toml(:[a-z]+)?\))?)?")

RUNTIME = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
ASKED_FOR = [
    *((lock, text) for lock in (FULL, IMAGE) for text in RUNTIME),
    *((FULL, text) for group in ("dev", "embedded") for text in GROUPS[group]),
]


def pins_of(lock: Path) -> dict[str, set[str]]:
    """Give the locked versions by package; several when platforms differ."""
    pins: dict[str, set[str]] = defaultdict(set)
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := PIN.fullmatch(line):
            pins[found["name"]].add(found["version"])
    return pins


def asked_for_directly(lock: Path) -> set[str]:
    """Give the packages that the lock says are there because the project itself asks for them."""
    name, direct = "", set()
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := PIN.fullmatch(line):
            name = found["name"]
        elif f" {PROJECT['project']['name']} (pyproject.toml" in line:
            direct.add(name)
    return direct


@pytest.mark.parametrize(("lock", "text"), ASKED_FOR, ids=lambda value: str(getattr(value, "name", value)))
def test_lock_has_a_version_that_satisfies_what_the_project_asks_for(lock: Path, text: str) -> None:
    requirement = Requirement(text)

    versions = pins_of(lock)[canonicalize_name(requirement.name)]

    assert versions, f"{text} is missing; run ./dev lock"
    assert all(requirement.specifier.contains(version) for version in versions), (
        f"{text} has {versions}; run ./dev lock"
    )


@pytest.mark.parametrize(
    ("lock", "asked"),
    [(FULL, [*RUNTIME, *GROUPS["dev"], *GROUPS["embedded"]]), (IMAGE, RUNTIME)],
    ids=lambda value: getattr(value, "name", "asked"),
)
def test_lock_keeps_nothing_that_the_project_asks_for_no_more(lock: Path, asked: list[str]) -> None:
    expected = {canonicalize_name(Requirement(text).name) for text in asked}

    assert asked_for_directly(lock) == expected


def test_image_holds_the_very_versions_that_were_tested() -> None:
    tested, shipped = pins_of(FULL), pins_of(IMAGE)

    assert {name: versions for name, versions in tested.items() if name in shipped} == shipped


@pytest.mark.parametrize("lock", [FULL, IMAGE], ids=lambda lock: lock.name)
def test_lock_holds_pins_hashes_and_reasons_and_no_address_or_path(lock: Path) -> None:
    lines = lock.read_text(encoding="utf-8").splitlines()

    strangers = [line for line in lines if not any(form.fullmatch(line) for form in (PIN, HASH, VIA))]

    assert strangers == []


@pytest.mark.parametrize("lock", [FULL, IMAGE], ids=lambda lock: lock.name)
def test_every_pin_is_followed_by_a_hash(lock: Path) -> None:
    lines = lock.read_text(encoding="utf-8").splitlines()

    bare = [
        line for line, below in zip(lines, [*lines[1:], ""], strict=True) if PIN.match(line) and not HASH.match(below)
    ]

    assert bare == []
