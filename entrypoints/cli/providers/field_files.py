"""Reads a configuration or credentials from a file or from standard input; never from arguments, which others see."""

import sys
from pathlib import Path

import msgspec

from entrypoints.cli.trouble import USAGE, Trouble

FILE_MAX_BYTES = 131_072
STANDARD_INPUT = Path("-")


def read_both(config: Path | None, credentials: Path | None) -> tuple[dict[str, object] | None, ...]:
    """Read what is given. Raises Trouble."""
    if config == credentials == STANDARD_INPUT:
        raise Trouble("Only one of --config and --credentials can come from standard input.", exit_code=USAGE)
    return tuple(None if path is None else read_fields(path) for path in (config, credentials))


def read_fields(path: Path) -> dict[str, object]:
    """Read a JSON object. Raises Trouble, which says nothing of what is in it: it may be secret."""
    try:
        raw = sys.stdin.buffer.read(FILE_MAX_BYTES + 1) if path == STANDARD_INPUT else path.read_bytes()
    except OSError as fault:
        raise Trouble(f"{path} cannot be read: {fault.strerror or fault}.", exit_code=USAGE) from fault
    if len(raw) > FILE_MAX_BYTES:
        raise Trouble(f"{path} is longer than {FILE_MAX_BYTES} bytes.", exit_code=USAGE)
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Trouble(f"{path} is not a JSON object.", exit_code=USAGE) from None
