"""`mediator simulator`."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from entrypoints.cli.commands.processes import become
from entrypoints.cli.supervision.ports import is_free
from entrypoints.cli.supervision.services import process_environment, simulator_command
from entrypoints.cli.trouble import CONFIGURATION, Trouble

PORT = 9000
_SECRETS = ("SANDBOX_API_KEY", "SANDBOX_CALLBACK_SECRETS")


def simulator(
    *,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on.", validator=Number(gte=0, lte=65_535))] = PORT,
    data_file: Annotated[Path, Parameter(help="Where it keeps its books.")] = Path("simulator.sqlite"),
) -> None:
    """Start the provider simulator alone.

    It plays a card gateway, two wallets and a bank for an API of yours, and logs to standard error; the bank's folders
    stand beside the data file. It takes SANDBOX_API_KEY and signs its callbacks with the first of
    SANDBOX_CALLBACK_SECRETS, as the API expects. `mediator up` starts one of its own. See docs/simulator.md.
    """
    missing = [name for name in _SECRETS if not os.environ.get(name, "").strip()]
    if missing:
        raise Trouble(f"{' and '.join(missing)} must be set, as for the API.", exit_code=CONFIGURATION)
    if port and not is_free(host, port):
        raise Trouble(f"Port {port} on {host} is taken. Free it, or give another one with --port.")
    become(
        *simulator_command(host, port, data_file.absolute())[1:],
        environment=process_environment({}, environ=os.environ),
    )
