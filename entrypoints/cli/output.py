"""Where the command line writes: what was asked for to standard output, what happens meanwhile to standard error."""

import sys

import msgspec
from rich.console import Console


def answers() -> Console:
    """Make the console for what was asked for. Piped, nothing is folded to the width of a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def news() -> Console:
    """Make the console for what happens meanwhile."""
    return Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """Print a line as it is: never folded, so that it can be pasted."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_json(value: object) -> None:
    """Print a value as JSON, for programs."""
    say(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
