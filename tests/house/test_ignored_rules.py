"""A rule that is switched off, for all or for one line, says which rule and why."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "application", "adapters", "entrypoints", "migrations", "tests")

CONFIGURED = re.compile(r'^  "[A-Z]+\d*",')
CONFIGURED_WITH_REASON = re.compile(r'^  "[A-Z]+\d*", +# \S')
IN_LINE = re.compile(r"# (noqa|type: ignore|pragma: no )")
IN_LINE_WITH_REASON = re.compile(
    r"# (noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \S|type: ignore\[[a-z-, ]+\] +(#|--) \S|pragma: no \w+ +(#|--) \S)"
)


def unexplained(lines: list[str], anything: re.Pattern[str], explained: re.Pattern[str]) -> list[str]:
    """Give the lines that switch something off and do not say why."""
    return [line.strip() for line in lines if anything.search(line) and not explained.search(line)]


def test_every_rule_switched_off_in_the_configuration_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()

    assert any(CONFIGURED.search(line) for line in lines)
    assert unexplained(lines, CONFIGURED, CONFIGURED_WITH_REASON) == []


def test_every_exception_in_the_code_names_its_rule_and_its_reason() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {line}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for line in unexplained(file.read_text(encoding="utf-8").splitlines(), IN_LINE, IN_LINE_WITH_REASON)
    }

    # A test hands over the wrong type on purpose, and its name says what for.
    assert {entry for entry in found if not (entry.startswith("tests/") and "type: ignore[" in entry)} == set()


def test_an_exception_without_rule_or_reason_is_seen() -> None:
    # Put together from pieces, so that these lines are no exceptions themselves.
    lines = [
        "import x  # " + "noqa",
        "import x  # " + "noqa: F401",
        "import x  # " + "noqa: F401 -- offered to callers",
        "x()  # type: " + "ignore[no-untyped-call]",
        "x()  # type: " + "ignore[no-untyped-call]  # has no annotations",
    ]

    assert unexplained(lines, IN_LINE, IN_LINE_WITH_REASON) == [lines[0], lines[1], lines[3]]
