"""The desk at which a command works: one tenant's ledger, and who asks under which key."""

import asyncio
import hashlib
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from dishka import AsyncContainer, Provider

from application.call import Call
from application.ports.identity import Tenants
from application.ports.journal import IdempotencyKey
from application.ports.world import World
from domain.ids import Prefix, TenantId, find_id, public_id
from entrypoints.cli import output
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.ledger.answers import TellsTheTerminal
from entrypoints.cli.ledger.options import Asking
from entrypoints.cli.opened_container import opened_container
from entrypoints.cli.trouble import USAGE, Trouble
from entrypoints.settings import Settings, read_settings

ACTOR = "operator:cli"
"""Whoever may run our command line on this machine: the audit record says no more, for we know no more."""

NAMED_MAX = 20
KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """Use cases for one tenant."""

    container: AsyncContainer
    world: World
    tenant_id: TenantId

    async def get(self, kind: type[T]) -> T:
        """Give a handler or a port."""
        return await self.container.get(kind)

    def call(self, idempotency: IdempotencyKey | None = None) -> Call:
        """Say who asks."""
        request_id = public_id(Prefix.REQUEST, self.world.moment().new_id())
        return Call(tenant_id=self.tenant_id, actor=ACTOR, request_id=request_id, idempotency=idempotency)

    def keyed_call(self, route: str, key: str, said: object) -> Call:
        """Say who asks under a key, which stands for what was said; without one, make it and print it. Raises Trouble.

        It is printed before anything is done: whoever hears no answer can repeat the command with it.
        """
        if not key:
            key = f"cli_{self.world.moment().new_id().hex}"
            output.news().print(f"Idempotency key: {key}", soft_wrap=True)
        return self.call(key_for(route, key, said))


def key_for(route: str, key: str, said: object) -> IdempotencyKey:
    """Bind a key to what is said under it. Raises Trouble for what is no key."""
    if KEY.fullmatch(key) is None:
        raise Trouble("A key is 1 to 255 visible ASCII characters.", exit_code=USAGE)
    fingerprint = hashlib.sha256(msgspec.json.encode((route, said), order="deterministic")).digest()
    return IdempotencyKey(f"mediator {route}", key, fingerprint)


def at_desk(asking: Asking, work: Callable[[Desk], Awaitable[T]], *providers: Provider) -> T:
    """Do some work at the desk of the tenant that is asked for. Raises Trouble, SettingsError, MediatorError."""
    settings = read_settings(found_environment(asking.folder))
    return asyncio.run(_worked(settings, asking.tenant, work, providers))


async def _worked(
    settings: Settings, tenant: str, work: Callable[[Desk], Awaitable[T]], providers: tuple[Provider, ...]
) -> T:
    async with opened_container(settings, TellsTheTerminal(), *providers) as container:
        tenant_id = _chosen(tenant, await (await container.get(Tenants)).ids())
        return await work(Desk(container, await container.get(World), tenant_id))


def _chosen(tenant: str, there: tuple[TenantId, ...]) -> TenantId:
    """Choose the tenant that is named, or the only one. Raises Trouble that names those that are there."""
    found = find_id(Prefix.TENANT, tenant)
    if found in there:
        return TenantId(found)
    if not tenant and len(there) == 1:
        return there[0]
    names = ", ".join(public_id(Prefix.TENANT, one) for one in there[:NAMED_MAX])
    others = f" and {len(there) - NAMED_MAX} more" if len(there) > NAMED_MAX else ""
    if not there:
        raise Trouble("There is no tenant yet: open one with `mediator tenants open NAME`.")
    if tenant:
        raise Trouble(f"There is no tenant {tenant!r}. There are: {names}{others}.", exit_code=USAGE)
    raise Trouble(f"There are several tenants: choose one with --tenant. There are: {names}{others}.", exit_code=USAGE)


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether it is meant. Raises Trouble when it is not, or when nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Trouble(f"{question} Nobody can be asked here: say --yes.", exit_code=USAGE)
    output.news().print(f"{question} [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Trouble("Nothing was done.")
