"""The house: schema, tenants, API, worker and relay, on laid ground. Everything here is slow to import."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import aiohttp
import msgspec
from dishka import AsyncContainer

from adapters.queue.client import make_client
from entrypoints.cli.output import say
from entrypoints.cli.scenario.shop import Addresses
from entrypoints.cli.supervision.child import Child
from entrypoints.cli.supervision.database import bring_up_to_date, require_redis
from entrypoints.cli.supervision.ground import WATCHED, Ground
from entrypoints.cli.supervision.ready import answers, await_ready, gives_signs_of_life
from entrypoints.cli.supervision.run_file import Run, forget_run, write_run
from entrypoints.cli.supervision.services import process_environment
from entrypoints.cli.supervision.tenants import FIRST, HouseTenants, prepare_tenants
from entrypoints.cli.supervision.together import together
from entrypoints.cli.trouble import Trouble
from entrypoints.settings import read_settings
from entrypoints.wiring.container import make_container

Result = TypeVar("Result")

SCHEMA_STEP = "Schema"

_WATCH_SECONDS = 0.1
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- a server that listens everywhere is reached here
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """A house in which everything is ready."""

    ground: Ground
    container: AsyncContainer
    api_url: str
    tenants: HouseTenants

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"House({self.api_url!r})"

    def addresses(self) -> Addresses:
        """Say where the demo's tenant finds the API and the simulator. Raises RuntimeError without such a tenant."""
        if self.tenants.demo is None:
            raise RuntimeError("this house has no tenant for the demo")
        return Addresses(
            api_url=self.api_url,
            api_key=self.tenants.demo[1],
            simulator_url=self.ground.simulator_url,
            simulator_key=self.ground.secrets.sandbox_api_key,
            simulator_secret=self.ground.secrets.sandbox_callback_secret,
            has_bank=self.ground.plan.has_simulated_bank,
        )

    async def watch(self) -> NoReturn:
        """Wait until something ends by itself. Raises Trouble that says what, with the end of its log."""
        while True:
            self.ground.processes.require_running()
            ended = self.ground.stores.find_ended()
            if ended is not None:
                raise Trouble(f"{ended} by itself; its log is in {self.ground.plan.folder.stores / 'logs'}.")
            await asyncio.sleep(_WATCH_SECONDS)

    async def guarded(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Do something in the house, as long as nothing in it ends by itself. Raises Trouble when something does."""
        work, watch = asyncio.ensure_future(story), asyncio.ensure_future(self.watch())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            return watch.result() if watch.done() else work.result()
        finally:
            work.cancel()
            watch.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)


@asynccontextmanager
async def house_built(ground: Ground) -> AsyncIterator[House]:
    """Build the house and keep it while the block lasts. Raises Trouble. The ground ends the processes."""
    plan = ground.plan
    await _prepare_stores(ground)
    api_url = url_of(plan.host, ground.port)
    settings = _settings(ground, api_url=api_url)
    container = make_container(read_settings(process_environment(settings, environ=plan.environ)))
    tenants: list[HouseTenants] = []

    async def prepare() -> None:
        with ground.steps.step("Tenants"):
            tenants.append(await prepare_tenants(container, ground))

    try:
        try:
            await together(prepare(), _start_processes(ground, settings, api_url))
        except BaseException:
            _save_key(tenants)
            raise
        write_run(plan.folder, _run(ground, settings, api_url))
        yield House(ground=ground, container=container, api_url=api_url, tenants=tenants[0])
    finally:
        forget_run(plan.folder)
        await container.close()


def url_of(host: str, port: int) -> str:
    """Give the address at which we reach a server of ours that listens there."""
    return f"http://{_in_a_url(_REACHED_AT.get(host, host))}:{port}"


def _in_a_url(host: str) -> str:
    """Write a host as addresses and the Host header have it (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


def _save_key(tenants: list[HouseTenants]) -> None:
    """Print the first tenant's key though the start failed: it is kept nowhere, and the tenant is there."""
    if tenants and tenants[0].first is not None:
        say(f"API key of {FIRST.name!r}, shown this once: {tenants[0].first.api_key}")


async def _prepare_stores(ground: Ground) -> None:
    stores = ground.stores
    with ground.steps.step(SCHEMA_STEP) as step:
        if stores.embedded is None:
            await together(*(require_redis(url) for url in {stores.redis_url, stores.broker_url}))
        await bring_up_to_date(
            database_url=stores.database_url, database_owner_url=stores.database_owner_url, tell=step.tell
        )


def _settings(ground: Ground, *, api_url: str) -> dict[str, str]:
    stores, plan = ground.stores, ground.plan
    hosts = filter(None, [plan.environ.get("ALLOWED_HOSTS", "")])
    return (
        ground.sandbox_settings()
        | ground.bank_settings()
        | {
            "SECRET_KEY": ground.secret_key,
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "BROKER_URL": stores.broker_url,
            "PUBLIC_URL": api_url,
            "API_HOST": plan.host,
            "API_PORT": str(ground.port),
            "ALLOWED_HOSTS": ",".join((*hosts, _in_a_url(plan.host), *_LOCAL_HOSTS)),
        }
    )


async def _start_processes(ground: Ground, settings: dict[str, str], api_url: str) -> None:
    """Tell the processes their settings, and wait until each is ready."""
    processes = ground.processes
    for name in WATCHED:
        processes[name].tell(settings | {"METRICS_PORT": str(ground.metrics_ports[name])})
    broker = make_client(ground.stores.broker_url)
    async with aiohttp.ClientSession(trust_env=False) as session:
        await together(
            _ready(ground, processes["simulator"], answers(session, f"{ground.simulator_url}/v1/health")),
            _ready(ground, processes["api"], answers(session, f"{api_url}/health/ready")),
            _ready(ground, processes["worker"], gives_signs_of_life(broker, processes["worker"])),
            _ready(ground, processes["relay"], gives_signs_of_life(broker, processes["relay"])),
        )
    broker.close()


async def _ready(ground: Ground, child: Child, is_ready: Callable[[], Awaitable[bool]]) -> None:
    with ground.steps.step("API" if child.name == "api" else child.name.capitalize()):
        await await_ready(child, is_ready)


def _run(ground: Ground, settings: dict[str, str], api_url: str) -> Run:
    """Say how to reach this house; the owner's address is for migrations and for looking around."""
    return Run(
        pid=os.getpid(),
        api_url=api_url,
        simulator_url=ground.simulator_url,
        environment=settings | {"DATABASE_OWNER_URL": ground.stores.database_owner_url},
        processes=ground.processes.pids() | ground.stores.pids(),
    )
