"""Writes files whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from entrypoints.cli.trouble import USAGE, Trouble


def write_whole(path: Path, body: bytes, *, force: bool) -> None:
    """Write a file. Raises Trouble when one is there already, unless `force`, or when it cannot be written."""
    with whole_file(path, force=force) as file:
        file.write(body)


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when the block ends well, and not at all otherwise. Raises Trouble.

    It may hold what is nobody else's business, so only its owner may read it.
    """
    if path.exists() and not force:
        raise Trouble(f"{path} is there already: say --force to replace it.", exit_code=USAGE)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as fault:
        raise Trouble(f"{path} cannot be written: {fault.strerror or fault}.") from fault
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
