"""No file of the repository names a registry, a folder of one machine, or holds a secret."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Put together from pieces, so that this file holds none of what it looks for.
FORBIDDEN = {
    "the host of a package registry": "|".join(
        [
            "py" + r"pi\.(org|python)",
            "python" + r"hosted\.org",
            "npm" + r"js\.(com|org)",
            "yarn" + r"pkg\.com",
            "crates" + r"\.io/",
            "ruby" + r"gems\.org",
            "proxy" + r"\.golang\.org",
            r"(un" + r"pkg|js" + r"delivr)\.(com|net)",
        ]
    ),
    "a folder of one machine": r"(?<![\w.$/-])/" + r"(home|Users|root|work)/\w",
    "a private key": "-----BEGIN" + " ([A-Z]+ )?PRIVATE KEY",
    "a credential of a cloud or a code host": r"\b(AK" + r"IA[0-9A-Z]{16}|g" + r"hp_\w{36}|github_" + r"pat_\w{22})",
    "a key to a live payment account": r"\b[sr]k_" + r"live_\w{16}",
    "a password inside an address": r"\w://[^\s:/@{}$<>\"']+:(?!password@|secret@)[^\s:/@{}$<>\"']{8,}" + "@",
}


@cache
def files_of_the_repository() -> list[Path]:
    """Give what is committed or would be by `git add .`; skips the test where git cannot tell."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("NOT CHECKED: without git and a git checkout nobody can say which files are committed")
    command = [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for name in sorted(set(listing.stdout.split("\0"))) if name and (file := ROOT / name).is_file()]


def offences(text: str, pattern: str) -> list[str]:
    """Give the lines' numbers and the matches, for a text that holds what the pattern forbids."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{number}: {found[0]}" for number, line in lines if (found := re.search(pattern, line))]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_of_the_repository_holds(what: str) -> None:
    found = {
        str(file.relative_to(ROOT)): lines
        for file in files_of_the_repository()
        if (lines := offences(file.read_text(encoding="utf-8", errors="replace"), FORBIDDEN[what]))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("the host of a package registry", "see https://py" + "pi.org/project/x"),
        ("the host of a package registry", '"resolved": "https://regis' + "try.npm" + 'js.org/x.tgz"'),
        ("a folder of one machine", "cd /" + "home/somebody/project"),
        ("a private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("a credential of a cloud or a code host", "key = AK" + "IA" + "ABCDEFGHIJKLMNOP"),
        ("a key to a live payment account", "sk_" + "live_" + "0123456789abcdef"),
        ("a password inside an address", "postgresql://mediator:" + "hunter2hunter2" + "@db.example/mediator"),
    ],
)
def test_each_pattern_finds_what_it_is_for(what: str, line: str) -> None:
    assert len(offences(line, FORBIDDEN[what])) == 1


@pytest.mark.parametrize("line", ["GET /v1/root/thing", "https://host.example/home/page", "$HOME/code/x", "./code/x"])
def test_paths_of_addresses_and_of_the_repository_are_no_folders_of_a_machine(line: str) -> None:
    assert offences(line, FORBIDDEN["a folder of one machine"]) == []
