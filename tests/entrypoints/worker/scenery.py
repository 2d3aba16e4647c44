"""A tenant with payments at a simulated provider, and the background processes as they really run."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec
from dishka import AsyncContainer
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.heartbeat import living
from application.call import Call
from application.operations.list_jobs import ListJobs, ListJobsHandler
from application.payments.provider_step import ProviderStep
from application.ports.callbacks import CallbackInbox, InboundCallback
from application.ports.identity import NewTenant, Tenants
from application.ports.journal import Journal
from application.ports.payments import PaymentRepository
from application.ports.queue import ParkedJob
from application.ports.vault import Place, Vault
from domain.audit import AuditRecord
from domain.events import CallbackReceived
from domain.ids import CallbackId, EventId, PaymentId, ProviderAccountId
from domain.manifests import CallbackTransport
from domain.payments import PaymentState
from domain.providers import Succeeded
from entrypoints.settings import Settings
from tests.fakes.house import PostgresWindows
from tests.fakes.identity import a_tenant
from tests.fakes.story import UNKNOWN, Story, an_order
from tests.fakes.world import SettableWorld

ROOT = Path(__file__).parents[3]


class Scenery:
    """One tenant in a database of its own."""

    def __init__(self, settings: Settings, container: AsyncContainer) -> None:
        self.settings = settings
        self.container = container
        self.world = SettableWorld(datetime.now(UTC))
        self.account = ProviderAccountId(self.world.new_id())
        self.lost_account = ProviderAccountId(self.world.new_id())
        """At a provider that is not installed any more."""
        accounts = ((self.account, "sandbox"), (self.lost_account, "lost"))
        self.tenant: NewTenant = a_tenant(self.world.new_id(), accounts, at=self.world.now)
        self.call = Call(tenant_id=self.tenant.tenant_id, actor="system:test", request_id="req_test")
        self._numbers = itertools.count(1)

    async def build(self) -> Self:
        await (await self.container.get(Tenants)).open(await self._connected())
        return self

    async def _connected(self) -> NewTenant:
        """Give the tenant with credentials that the service itself has sealed."""
        vault, settings = await self.container.get(Vault), self.settings
        words = {"api_key": settings.sandbox_api_key, "callback_secrets": list(settings.sandbox_callback_secrets)}
        accounts = []
        for account in self.tenant.provider_accounts:
            place = Place(tenant_id=self.tenant.tenant_id, account_id=account.id, version=1)
            sealed = vault.seal(msgspec.json.encode(words), place)
            config: dict[str, object] = {"base_url": settings.sandbox_url}
            accounts.append(msgspec.structs.replace(account, config=config, credentials=sealed))
        return msgspec.structs.replace(self.tenant, provider_accounts=tuple(accounts))

    async def doubtful_payment(self, *, age: timedelta = timedelta()) -> Story:
        """A payment that the provider took although we were told nothing, that long ago."""
        self.world.wait(-age)
        story = Story(an_order(tenant_id=self.tenant.tenant_id, account=self.account), world=self.world)
        await self.keep(story.settle(UNKNOWN))
        step = await self.container.get(ProviderStep)
        token = msgspec.structs.replace(story.payment, payment_method="tok_success")
        instruction = step.instruction(story.dossier.with_payment(token), story.operation())
        provider = await step.providers.open(self.tenant.tenant_id, self.account)
        taken = await provider.perform(instruction)
        assert isinstance(taken, Succeeded), taken
        return story

    async def keep(self, story: Story) -> None:
        journal = await self.container.get(Journal)
        for unit in story.units:
            await journal.commit(unit)

    async def receive_callback(self, operation_key: str | None, *, account: ProviderAccountId | None = None) -> EventId:
        """Store a callback as the HTTP door does."""
        now = datetime.now(UTC)
        provider_event_id = f"evt_{next(self._numbers)}"
        said = {"id": provider_event_id, "type": "charge.captured", "operation_key": operation_key}
        callback = InboundCallback(
            tenant_id=self.tenant.tenant_id,
            id=CallbackId(self.world.new_id()),
            provider_account_id=account or self.account,
            provider="sandbox",
            transport=CallbackTransport.HTTP_POST,
            headers={},
            raw=msgspec.json.encode(said),
            received_at=now,
        )
        event = CallbackReceived(
            event_id=EventId(self.world.new_id()),
            at=now,
            provider="sandbox",
            provider_account_id=callback.provider_account_id,
            callback_id=callback.id,
        )
        audit = AuditRecord(
            tenant_id=self.tenant.tenant_id,
            id=self.world.new_id(),
            at=now,
            actor="provider:sandbox",
            action="callback.received",
            subject=provider_event_id,
            request_id="req_test",
            details={},
        )
        await (await self.container.get(CallbackInbox)).receive(callback, event, audit, again=True)
        return event.event_id

    async def state(self, payment_id: PaymentId) -> PaymentState:
        payments: PaymentRepository = await self.container.get(PaymentRepository)
        return (await payments.get(self.tenant.tenant_id, payment_id)).payment.state

    async def is_settled(self, story: Story) -> bool:
        return await self.state(story.payment.id) is PaymentState.SUCCEEDED

    async def unapplied(self) -> int:
        """Count the callbacks that nobody has reacted to."""
        windows = PostgresWindows(self.settings.database_owner_url, self.tenant.tenant_id)
        return (await windows.outbox_tags()).count("callback.received")

    async def all_applied(self) -> bool:
        return await self.unapplied() == 0

    async def parked(self) -> tuple[ParkedJob, ...]:
        return await (await self.container.get(ListJobsHandler))(ListJobs(), self.call)

    async def alive(self, component: str) -> tuple[str, ...]:
        broker = await self.container.get(RedisBroker)
        return await asyncio.to_thread(living, broker.client, component)


class Processes:
    """Background processes that end with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a module of the worker in a process group of its own, its log in the test's folder."""
        log = self._folder / f"{name}-{len(self._started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment_of(settings),
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def worker(self, settings: Settings) -> subprocess.Popen[bytes]:
        return self.start("worker", settings, "entrypoints.worker", "--processes=1", "--threads=4")

    def relay(self, settings: Settings) -> subprocess.Popen[bytes]:
        return self.start("relay", settings, "entrypoints.worker.relay")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process with all its children, as a power cut would."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_all(self) -> None:
        for process in self._started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings as environment variables, with nothing of the test's own but what Python needs."""
    kept = {name: os.environ[name] for name in os.environ if name.lower() not in Settings.__struct_fields__}
    given = {field.upper(): getattr(settings, field) for field in Settings.__struct_fields__}
    written = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()}
    return kept | {name: value for name, value in written.items() if value}


async def eventually(holds: Callable[[], Awaitable[object]], *, within_seconds: float = 10.0) -> None:
    """Wait until something holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within_seconds):
        while not await holds():
            await asyncio.sleep(0.01)  # a poll with a deadline: what is waited for happens in another process
