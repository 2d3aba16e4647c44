"""Keeps small files that nobody else may read, whole or not at all."""

import os
from pathlib import Path

PRIVATE = 0o600


def write_private_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, readable by this user only; after a crash the file is the old one or the new one."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def make_private_folder(path: Path) -> None:
    """Make the folder and those above it that are missing; a folder that is there already is left as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
