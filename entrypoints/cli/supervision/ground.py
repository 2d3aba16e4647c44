"""What the house stands on: folder, secrets, stores, and processes that wait. Quick to import, so it begins first."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.supervision.ports import choose_port, find_free_port
from entrypoints.cli.supervision.processes import Processes
from entrypoints.cli.supervision.run_file import forget_run
from entrypoints.cli.supervision.secrets import Secrets, load_secrets
from entrypoints.cli.supervision.services import house_programs, simulator_program
from entrypoints.cli.supervision.steps import Steps
from entrypoints.cli.supervision.stores import Stores, are_given, embedded_stores, read_given
from entrypoints.cli.supervision.together import together

LOCAL = "127.0.0.1"
STORES_STEP = "Stores"

WATCHED = ("api", "worker", "relay")
"""Processes that tell their metrics, each on a port of its own; the first is tried at Prometheus's usual one."""

METRICS_PORT = 9464


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a house.

    `port` is the API's, 0 for any; `insists_on_port` says that no other will do. With `is_throw_away` the stores are
    embedded whatever the environment says, and no tenant is opened but the demo's.
    """

    folder: DataFolder
    environ: Mapping[str, str]
    host: str = LOCAL
    port: int = 8000
    insists_on_port: bool = False
    fsync: bool = True
    is_throw_away: bool = False
    has_demo: bool = True

    def __repr__(self) -> str:
        """Show nothing of the environment."""
        return f"Plan({self.folder.path})"

    @property
    def has_simulated_bank(self) -> bool:
        """Whether the simulator's bank works in our folders: folders that the environment names are a real bank's."""
        return self.is_throw_away or not self.environ.get("DROP_FOLDER_ROOT", "").strip()


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A house to be built: its stores run, its processes have been started and wait for their settings."""

    plan: Plan
    secrets: Secrets
    secret_key: str
    stores: Stores
    port: int
    simulator_url: str
    metrics_ports: Mapping[str, int]
    processes: Processes
    steps: Steps

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"Ground({self.plan.folder.path})"

    @property
    def has_foreign_keys(self) -> bool:
        """Whether the API keys of tenants that are there were made with a secret that we do not have."""
        is_ours = self.secrets.has_opened_tenants or bool(self.plan.environ.get("SECRET_KEY"))
        return self.stores.embedded is None and not is_ours

    def sandbox_settings(self) -> dict[str, str]:
        """Give the settings of the sandbox provider: the simulator that runs here."""
        return sandbox_settings(self.secrets) | {"SANDBOX_URL": self.simulator_url}

    def bank_settings(self) -> dict[str, str]:
        """Give the settings of files from banks: where the simulator's bank works, its answers are fetched at once."""
        if not self.plan.has_simulated_bank:
            return {}
        return {"DROP_FOLDER_ROOT": str(self.plan.folder.banks), "DROP_FOLDER_SECONDS": "1"}


def sandbox_settings(secrets: Secrets) -> dict[str, str]:
    """Give the secrets between the sandbox provider and us, as settings."""
    return {
        "SANDBOX_API_KEY": secrets.sandbox_api_key,
        "SANDBOX_CALLBACK_SECRETS": secrets.sandbox_callback_secret,
    }


def _metrics_ports(plan: Plan) -> dict[str, int]:
    """Give each process that is watched a port that nobody has: any, where the API may listen at any."""
    ports: dict[str, int] = {}
    for number, name in enumerate(WATCHED):
        wanted = METRICS_PORT + number if plan.port and not plan.is_throw_away else 0
        port, _ = choose_port(LOCAL, wanted=wanted, insisted=False)
        ports[name] = port
    return ports


@asynccontextmanager
async def ground_laid(plan: Plan, steps: Steps, processes: Processes, *, building: str) -> AsyncIterator[Ground]:
    """Run the stores and the processes while the block lasts; all processes are ended before the stores are.

    The module `building`, with all that it imports, is loaded meanwhile. Raises Trouble.
    """
    with plan.folder.locked():
        forget_run(plan.folder)
        secrets = load_secrets(plan.folder)
        port, note = choose_port(plan.host, wanted=plan.port, insisted=plan.insists_on_port)
        if note:
            steps.console.print(note)
        simulator_port = find_free_port(LOCAL)
        settings = sandbox_settings(secrets)
        if plan.has_simulated_bank:
            settings["SIMULATOR_BANK_CUSTOMERS"] = str(plan.folder.banks)
        simulator = simulator_program(plan.folder, port=simulator_port, settings=settings, environ=plan.environ)
        programs = (simulator, *house_programs(plan.environ))
        async with AsyncExitStack() as stores_end:
            running: list[Stores] = []
            secret_key = plan.environ.get("SECRET_KEY", "") or secrets.secret_key

            async def open_stores() -> None:
                with steps.step(STORES_STEP) as step:
                    if not plan.is_throw_away and are_given(plan.environ):
                        running.append(read_given(plan.environ, secret_key=secret_key))
                    else:
                        stores = embedded_stores(plan.folder, fsync=plan.fsync, tell=step.tell)
                        running.append(await stores_end.enter_async_context(stores))

            try:
                await together(
                    open_stores(),
                    *(processes.start(program) for program in programs),
                    asyncio.to_thread(importlib.import_module, building),
                )
                yield Ground(
                    plan=plan,
                    secrets=secrets,
                    secret_key=secret_key,
                    stores=running[0],
                    port=port,
                    simulator_url=f"http://{LOCAL}:{simulator_port}",
                    metrics_ports=_metrics_ports(plan),
                    processes=processes,
                    steps=steps,
                )
            finally:
                if plan.is_throw_away:
                    processes.kill()  # What they would still write is thrown away anyway.
                await processes.stop()
