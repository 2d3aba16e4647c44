"""The environment of the foreign services: made from their own lock at the first bench, never part of the product."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.children import ROOT
from tests.bench.ground import PLACE

LOCK = Path(__file__).with_name("requirements.lock")
VENV = PLACE / "venv"
_SECONDS_MAX = 600.0


class NoForeignPackages(RuntimeError):
    """The packages cannot be installed; the message says what the installer said."""


def foreign_program(name: str) -> str:
    """Give the path of a program in the environment, which is made or mended first. Raises NoForeignPackages."""
    stamp = VENV / "stamp"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _make()
        stamp.write_text(wanted)
    return str(VENV / "bin" / name)


def _make() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    PLACE.mkdir(parents=True, exist_ok=True)
    _run(sys.executable, "-m", "venv", str(VENV))
    pip = (str(VENV / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    _run(*pip, "--no-deps", "--require-hashes", "-r", str(LOCK))


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise NoForeignPackages(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip()[-1500:]}")
