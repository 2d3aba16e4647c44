"""Runs a module as a program that was begun before its settings were known: it imports first, and waits for them.

Usage: `python -m entrypoints.cli.supervision.warm MODULE [IMPORTED...]`. The settings come on standard input, as one
JSON object of environment variables; without any, nothing is run. Imports take longer than anything else in a start,
and the stores have to be made ready meanwhile anyway.
"""

import importlib
import json
import os
import runpy
import sys


def main(module: str, *imported: str) -> None:
    """Import, wait, run."""
    for name in imported:
        importlib.import_module(name)
    settings = sys.stdin.readline()
    if settings:
        os.environ.update(json.loads(settings))
        sys.argv = [module]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
