"""Nothing is written and then forgotten: every use case can be had, every route leads to one."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dishka import Provider

import application
import entrypoints.wiring
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container
from entrypoints.wiring.outside import Outside
from entrypoints.wiring.protection import Protection
from entrypoints.wiring.storage import Storage
from entrypoints.wiring.use_cases import UseCases

ROOT = Path(__file__).parents[2]

STANDARD = (Storage, Outside, Protection, UseCases)
"""What `make_container` always takes; every other provider of the wiring is for some processes only."""

NOWHERE = Settings(
    secret_key="x" * 32,
    database_url="postgresql://nobody@127.0.0.1:1/nowhere",
    redis_url="redis://127.0.0.1:1/0",
    sandbox_url="http://127.0.0.1:1",
    sandbox_api_key="sk_example",
    sandbox_callback_secrets=("whsec_example",),
)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def classes(package: ModuleType) -> Iterator[type]:
    """Give every class that is written in a package, not only imported there."""
    for module in modules(package):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__:
                yield found


HANDLERS = tuple(found for found in classes(application) if found.__name__.endswith("Handler"))
EXTRAS = tuple(found for found in classes(entrypoints.wiring) if issubclass(found, Provider) and found not in STANDARD)


def test_there_are_handlers_in_every_context() -> None:
    contexts = {handler.__module__.split(".")[1] for handler in HANDLERS}

    assert contexts >= {"payments", "ledger", "callbacks", "identity"}


async def test_every_handler_can_be_had_from_the_container_without_a_connection() -> None:
    container = make_container(NOWHERE, *(extra() for extra in EXTRAS))
    try:
        got: dict[type, object] = {handler: await container.get(handler) for handler in HANDLERS}
    finally:
        await container.close()

    assert all(isinstance(made, handler) for handler, made in got.items())


def test_every_handler_is_a_frozen_and_slotted_dataclass_with_one_call() -> None:
    for handler in HANDLERS:
        assert dataclasses.is_dataclass(handler), handler
        assert handler.__dataclass_params__.frozen, handler  # type: ignore[attr-defined]  # what @dataclass leaves
        assert hasattr(handler, "__slots__"), handler
        public = [name for name, _ in inspect.getmembers(handler, inspect.isfunction) if not name.startswith("_")]
        assert public == [], handler
        assert inspect.iscoroutinefunction(handler.__call__), handler
        assert handler.__doc__, handler
        assert not handler.__doc__.startswith(f"{handler.__name__}("), f"{handler} does not say its policy"


def test_every_handler_is_the_only_one_of_its_file_which_is_named_for_it() -> None:
    for handler in HANDLERS:
        file = handler.__module__.rpartition(".")[2]
        words = "".join(word.capitalize() for word in file.split("_"))
        assert handler.__name__ == f"{words}Handler"


IN_THE_BACKGROUND = {"ResolveOperationHandler", "ExpirePaymentHandler", "ExpireHoldsHandler"}
"""Use cases that nobody calls: the worker does them by itself."""

ON_THE_COMMAND_LINE = {"ProveHandler", "ExportLedgerHandler", "ImportLedgerHandler", "RemoveImportHandler"}


def test_every_use_case_of_payments_and_the_ledger_has_a_route_that_asks_for_it() -> None:
    asked = {
        ast.unparse(node.slice)
        for file in (ROOT / "entrypoints" / "http").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "FromDishka"
    }
    theirs = {one.__name__ for one in HANDLERS if one.__module__.split(".")[1] in {"payments", "ledger"}}

    assert theirs - asked == IN_THE_BACKGROUND | ON_THE_COMMAND_LINE
