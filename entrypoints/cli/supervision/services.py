"""The programs of the house: their command lines, and the settings that each gets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from entrypoints.cli.supervision.child import Program
from entrypoints.cli.supervision.folder import DataFolder

ROOT = Path(__file__).parents[3]

API = "entrypoints.http.main"
WORKER = "entrypoints.worker"
RELAY = "entrypoints.worker.relay"

# The simulator shares no code with us and has no command line; its secrets travel in the environment.
SIMULATOR = """
import os, sys
from pathlib import Path
from entrypoints.simulator.main import run
host, port, data_file = sys.argv[1:]
secret = os.environ["SANDBOX_CALLBACK_SECRETS"].partition(",")[0]
key = os.environ["SANDBOX_API_KEY"]
customers = os.environ.get("SIMULATOR_BANK_CUSTOMERS", "")
run(host=host, port=int(port), data_file=Path(data_file), api_key=key, callback_secret=secret,
    bank_customers=Path(customers) if customers else None, ready_line=False)
"""

_WARM = "entrypoints.cli.supervision.warm"
# What each imports while the stores are made ready. Not Dramatiq: it reads its settings when it is imported.
_IMPORTED = {
    "api": (API, "entrypoints.http.app", "uvicorn.protocols.http.httptools_impl", "uvloop", "asyncpg"),
    "worker": (WORKER, "entrypoints.wiring.container", "asyncpg", "redis"),
    "relay": (RELAY, "entrypoints.wiring.container", "asyncpg", "redis"),
}


def python(*arguments: str) -> tuple[str, ...]:
    """Give the command line that runs our Python with these arguments."""
    return (sys.executable, *arguments)


def simulator_command(host: str, port: int, data_file: Path) -> tuple[str, ...]:
    """Give the command line of the simulator."""
    return python("-c", SIMULATOR, host, str(port), str(data_file))


def process_environment(settings: Mapping[str, str], *, environ: Mapping[str, str]) -> dict[str, str]:
    """Give a program its settings on top of our own environment, and the way to our code wherever it runs.

    The owner's address of the database is not passed on unless it is among the settings: only migrations need it.
    """
    given = {name: value for name, value in environ.items() if name != "DATABASE_OWNER_URL"}
    path = os.pathsep.join(filter(None, (str(ROOT), given.get("PYTHONPATH", ""))))
    return given | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **settings}


def simulator_program(
    folder: DataFolder, *, port: int, settings: Mapping[str, str], environ: Mapping[str, str]
) -> Program:
    """Say how the simulator of a data folder is started."""
    return Program(
        name="simulator",
        command=simulator_command("127.0.0.1", port, folder.simulator),
        environment=process_environment(settings, environ=environ),
    )


def house_programs(environ: Mapping[str, str]) -> tuple[Program, ...]:
    """Say how the API, the worker and the relay are started: they wait for their settings."""
    environment = process_environment({}, environ=environ)
    return tuple(
        Program(name=name, command=python("-m", _WARM, *modules), environment=environment, waits=True)
        for name, modules in _IMPORTED.items()
    )
