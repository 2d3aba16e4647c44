"""Every room can be entered first: no module needs another one to have been imported before it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("domain", "application", "adapters/postgres")

IMPORT_EACH = """
import importlib, os, sys
import alembic.command, asyncpg, msgspec, sqlalchemy.ext.asyncio, uuid_utils.compat  # once for all, to be quick
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        importlib.import_module(name)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{name} cannot be imported first")
"""


def modules(floor: str) -> list[str]:
    """Give the modules of a floor."""
    paths = sorted((ROOT / floor).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("floor", FLOORS)
def test_each_module_of_a_floor_is_imported_first_once(floor: str) -> None:
    names = modules(floor)
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *names], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert len(names) > 8
    assert (ran.returncode, ran.stderr) == (0, "")
