"""The command line: `mediator`. Each command is imported when it is asked for, so that `--help` answers at once."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile

from cyclopts import App, CycloptsError

from domain.errors import MediatorError
from entrypoints.cli.trouble import CONFIGURATION, FAILED, SIGNALLED, USAGE, Interrupted, Trouble
from entrypoints.settings import SettingsError

_SECTIONS = {
    "Everything at once": {
        "up": "Start everything, play the scenario once, then stay until Ctrl-C.",
        "demo": "Play the scenario on throw-away stores and exit with its verdict.",
        "bench": "Measure how fast payments go through, on throw-away stores.",
    },
    "One process": {
        "api": "Start the HTTP API alone.",
        "worker": "Start the worker alone.",
        "relay": "Start the relay alone: it gives events and due work to the worker.",
        "simulator": "Start the provider simulator alone.",
    },
    "The database": {
        "migrate": "Bring the database up to date.",
        "revision": "Start a new migration; the argument says what it does.",
        "shell-db": "Open psql on the database.",
    },
    "The ledger": {
        "ledger": "Look after the ledger: accounts, transfers, holds, limits, statements, copies.",
        "fx": "Exchange currencies: rates, quotes, exposure.",
    },
    "Providers": {
        "providers": "Look after providers and their adapters.",
        "routing": "Choose which provider account takes a payment: rules, versions, simulations.",
    },
    "Operations": {
        "prove": "Prove the books: re-add the ledger, compare it with each provider's own books.",
        "jobs": "Show jobs that failed for good, or hand them to the worker again.",
        "tenants": "Open a tenant; its API key is printed once.",
        "settings": "Print every setting with its meaning and default, or check the environment.",
        "version": "Print the version.",
    },
}

_WITH_COMMANDS = {"ledger", "fx", "providers", "routing"}
"""Those whose commands are many: each of them is imported when it is asked for, too."""


def make_app(asked: Sequence[str] = ()) -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    first, second = (*asked, "", "")[:2]
    app = App(
        name="mediator",
        help="FinancialMediator: one API and one ledger between an application and its payment providers.",
        version_flags=(),
        help_format="markdown" if asked else "plaintext",  # To import Markdown takes as long as all the rest.
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    for section, commands in _SECTIONS.items():
        for number, (name, text) in enumerate(commands.items()):
            module = name.replace("-", "_")
            place = f"entrypoints.cli.commands.{module}"
            if name == first and name in _WITH_COMMANDS:
                app.command(getattr(import_module(place), f"make_{module}")(second))
                continue
            own = None if name == first else text
            app.command(f"{place}:{module}", name=name, help=own, group=section, sort_key=number)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code. Expected trouble becomes a few words on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = make_app(list(takewhile(lambda word: not word.startswith("-"), given)))(given)
    except (CycloptsError, MediatorError, SettingsError, Trouble) as trouble:
        return _complain(trouble)
    except Interrupted as interruption:
        return interruption.exit_code
    except KeyboardInterrupt:
        return SIGNALLED + signal.SIGINT
    except BrokenPipeError:
        # Whoever read our output went away (`| head`); point it elsewhere, for Python flushes it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _complain(trouble: CycloptsError | MediatorError | SettingsError | Trouble) -> int:
    match trouble:
        case Trouble():
            code = trouble.exit_code
        case SettingsError():
            code = CONFIGURATION
        case MediatorError():
            code = FAILED
        case _:
            code = USAGE
    sys.stderr.write(f"mediator: {trouble}\n")
    return code
