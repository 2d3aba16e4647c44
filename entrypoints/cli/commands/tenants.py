"""`mediator tenants`."""

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from application.identity.open_tenant import OpenedTenant, OpenTenant
from domain.ids import Prefix, public_id
from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption, JsonOption
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.opened_container import opened_container
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.supervision.tenants import open_tenant
from entrypoints.settings import Settings, read_settings

tenants = App(name="tenants", help="Open a tenant; its API key is printed once.", version_flags=())


@tenants.command(name="open")
def open_(
    name: Annotated[str, Parameter(help="How the tenant is called.")],
    *,
    operator: Annotated[str, Parameter(help="Name of its first operator.")] = "First operator",
    folder: FolderOption = DEFAULT,
    json: JsonOption = False,
) -> None:
    """Open a tenant with an operator, an API key, and an account at every provider that is switched on.

    The key is printed now and kept nowhere.
    """
    settings = read_settings(found_environment(folder))
    opened = asyncio.run(_open(settings, OpenTenant(name=name, operator_name=operator)))
    told = {
        "tenant": public_id(Prefix.TENANT, opened.tenant_id),
        "operator": public_id(Prefix.PRINCIPAL, opened.operator_id),
        "api_key": opened.api_key,
    }
    if json:
        output.say_json(told)
        return
    for what, value in told.items():
        output.say(f"{what.replace('_', ' '):9} {value}")


async def _open(settings: Settings, command: OpenTenant) -> OpenedTenant:
    async with opened_container(settings) as container:
        return await open_tenant(container, command)
