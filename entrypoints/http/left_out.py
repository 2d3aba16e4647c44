"""Imports a library without what it would bring along and we do not need: each module costs time and memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Let these modules be missing while the block lasts, for libraries that can do without them.

    A module that is there already stays, and every one can be imported again afterwards.
    """
    absent = [name for name in names if name not in sys.modules]
    # None is how Python is told that a module is not to be found (its reference, "The module cache").
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # typeshed does not know of it
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def put_off(name: str) -> None:
    """Have a module loaded when something of it is first used, instead of where it is imported.

    Nothing happens when it is loaded already. Raises ModuleNotFoundError when there is none of that name.
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"there is no module {name!r}", name=name)
    spec.loader = LazyLoader(spec.loader)
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
