"""`mediator version`."""

import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

UNINSTALLED = "0.1.0"


def version() -> None:
    """Print the version."""
    sys.stdout.write(f"{product_version()}\n")


def product_version() -> str:
    """Give the version of the installed product, or that of a bare checkout."""
    try:
        return version_of("financial-mediator")
    except PackageNotFoundError:
        return UNINSTALLED
