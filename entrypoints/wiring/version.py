"""Which version of the product this is."""

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """Give the version of the installed product, or that of a bare checkout."""
    try:
        return version("financial-mediator")
    except PackageNotFoundError:
        return "0.1.0"
