"""`mediator jobs`."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from dishka import AsyncContainer
from rich.table import Table

from application.call import Call
from application.operations.list_jobs import ListJobs, ListJobsHandler
from application.operations.requeue_job import RequeueJob, RequeueJobHandler
from application.ports.identity import Tenants
from application.ports.queue import ParkedJob
from application.ports.world import World
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import Prefix, TenantId, find_id, public_id
from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption, JsonOption
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.opened_container import opened_container
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.trouble import FAILED, USAGE, Trouble
from entrypoints.settings import Settings, read_settings
from entrypoints.wiring.queue import Queue

ACTOR = "system:cli"

jobs = App(name="jobs", help="Show jobs that failed for good, or hand them to the worker again.", version_flags=())


class JobShown(msgspec.Struct, frozen=True, kw_only=True):
    """A job that failed for good, as it is printed."""

    id: str
    tenant: str
    actor: str
    arguments: dict[str, str]
    attempts: int
    parked_at: str
    error: str


@jobs.command(name="list")
def list_(
    *,
    limit: Annotated[int, Parameter(help="At most so many of each tenant.")] = 100,
    folder: FolderOption = DEFAULT,
    json: JsonOption = False,
) -> None:
    """List the jobs that failed for good and wait for a person, oldest first."""
    settings = read_settings(found_environment(folder))
    waiting = asyncio.run(_list(settings, ListJobs(limit)))
    if json:
        output.say_json(waiting)
    elif waiting:
        output.answers().print(_table(waiting))
    else:
        output.say("No job waits.")


@jobs.command
def requeue(
    *ids: Annotated[str, Parameter(help="The jobs, as `mediator jobs list` shows them.")],
    every: Annotated[bool, Parameter(name="--all", negative="", help="All that wait.")] = False,
    folder: FolderOption = DEFAULT,
) -> int:
    """Hand jobs to the worker again, once their cause is mended. Exit code 1 when one of them does not wait."""
    if bool(ids) == every:
        raise Trouble("Name the jobs, or say --all.", exit_code=USAGE)
    wanted = [_job_id(text) for text in ids]
    settings = read_settings(found_environment(folder))
    return asyncio.run(_requeue_all(settings) if every else _requeue(settings, wanted))


def _job_id(text: str) -> UUID:
    found = find_id(Prefix.JOB, text)
    if found is None:
        raise Trouble(
            f"{text!r} is no job: they are called {Prefix.JOB.value}_ and 32 hexadecimal digits.", exit_code=USAGE
        )
    return found


async def _list(settings: Settings, command: ListJobs) -> tuple[JobShown, ...]:
    async with opened_container(settings, Queue()) as container:
        found = [await _waiting(container, tenant, command) for tenant in await _tenants(container)]
    return tuple(_shown(job) for jobs_of_tenant in found for job in jobs_of_tenant)


async def _requeue_all(settings: Settings) -> int:
    async with opened_container(settings, Queue()) as container:
        for tenant in await _tenants(container):
            while found := await _waiting(container, tenant, ListJobs()):
                for job in found:
                    await _requeue_one(container, tenant, job.id)
    return 0


async def _requeue(settings: Settings, wanted: list[UUID]) -> int:
    async with opened_container(settings, Queue()) as container:
        tenants = await _tenants(container)
        done = [await _requeue_somewhere(container, tenants, job_id) for job_id in wanted]
    return 0 if all(done) else FAILED


async def _requeue_somewhere(container: AsyncContainer, tenants: tuple[TenantId, ...], job_id: UUID) -> bool:
    """Requeue a job of whichever tenant has it; False when none has."""
    for tenant in tenants:
        if await _requeue_one(container, tenant, job_id):
            return True
    output.news().print(f"mediator: {public_id(Prefix.JOB, job_id)} does not wait")
    return False


async def _requeue_one(container: AsyncContainer, tenant: TenantId, job_id: UUID) -> bool:
    handler = await container.get(RequeueJobHandler)
    try:
        job = await handler(RequeueJob(job_id), await _call(container, tenant))
    except MediatorError as refusal:
        if refusal.entry is NOT_FOUND:
            return False
        raise
    output.say(f"{public_id(Prefix.JOB, job.id)} {job.actor} was handed to the worker")
    return True


async def _waiting(container: AsyncContainer, tenant: TenantId, command: ListJobs) -> tuple[ParkedJob, ...]:
    return await (await container.get(ListJobsHandler))(command, await _call(container, tenant))


async def _tenants(container: AsyncContainer) -> tuple[TenantId, ...]:
    tenants: Tenants = await container.get(Tenants)
    return await tenants.ids()


async def _call(container: AsyncContainer, tenant: TenantId) -> Call:
    moment = (await container.get(World)).moment()
    return Call(tenant_id=tenant, actor=ACTOR, request_id=public_id(Prefix.REQUEST, moment.new_id()))


def _shown(job: ParkedJob) -> JobShown:
    return JobShown(
        id=public_id(Prefix.JOB, job.id),
        tenant=public_id(Prefix.TENANT, job.tenant_id),
        actor=job.actor,
        arguments=job.arguments,
        attempts=job.attempts,
        parked_at=job.parked_at.isoformat(timespec="seconds"),
        error=job.error,
    )


def _table(waiting: tuple[JobShown, ...]) -> Table:
    table = Table("job", "tenant", "actor", "tries", "since", "error", title="Jobs that wait", title_justify="left")
    for job in waiting:
        table.add_row(job.id, job.tenant, job.actor, str(job.attempts), job.parked_at, job.error)
    return table
