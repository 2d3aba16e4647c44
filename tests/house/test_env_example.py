"""`.env.example` is written from the settings, and every setting is read by somebody."""

import re
from pathlib import Path

import pytest

from entrypoints.settings import Settings, described, example_file

ROOT = Path(__file__).parents[2]
ROOMS = ("adapters", "application", "entrypoints")


def test_the_example_file_is_what_the_settings_say() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example_file()


def test_the_example_file_holds_the_defaults_and_no_secret() -> None:
    lines = [line for line in example_file().splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)

    assert list(given) == [name.upper() for name in Settings.__struct_fields__]
    assert {given[name] for name in given if re.search("KEY|SECRET|PASSWORD", name)} == {""}


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_has_its_meaning_and_an_example(name: str) -> None:
    meaning, example = described(name)

    assert meaning.endswith(".")
    assert example


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_is_read_by_somebody(name: str) -> None:
    read = re.compile(rf'(?:\w\.{name}\b)|(?:\("{name}"\))')
    found = [
        file
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if read.search(file.read_text(encoding="utf-8").replace("debug={self.debug}", ""))
    ]

    assert found
