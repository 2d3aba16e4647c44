"""The whole service in this process: the product's own application over real stores, and a worker beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from dishka import AsyncContainer, Provider, Scope, provide
from litestar.types import ASGIApp, Message
from litestar.types import Scope as AsgiScope

from adapters.postgres.proof import CHECKS
from application.call import Call
from application.identity.open_tenant import OpenTenant, OpenTenantHandler
from application.ledger.prove import ProofReport, ProveHandler
from application.payments.resolve_operation import ResolveOperation, ResolveOperationHandler
from application.ports.identity import FirstAccount, FirstAccounts, NewTenant, ProviderAccount, Tenants
from application.ports.ledger import Proof
from application.ports.providers import Providers
from domain.dossier import Dossier
from domain.ids import OperationId, Prefix, TenantId, find_id, public_id
from entrypoints.http.app import make_app
from entrypoints.settings import Settings
from entrypoints.wiring.container import make_container
from tests.entrypoints.http.shop import InProcess, Line, Shop
from tests.entrypoints.simulator.merchant import API_KEY, CALLBACK_SECRET
from tests.fakes.providers import ProviderSet
from tests.fakes.stores import Database

SECRET_KEY = "a secret of the tests, known to everybody"
NOWHERE = "http://127.0.0.1:1"
"""Nobody listens there: whatever is sent to it is refused at once."""


class Service:
    """An application, and a container of another process over the same stores."""

    def __init__(self, app: ASGIApp, worker: AsyncContainer) -> None:
        self.app = app
        self.worker = worker

    async def open_shop(self, line: Line | None = None) -> Shop:
        """Open a tenant; it asks this application, or whatever the line leads to."""
        opened = await (await self.worker.get(OpenTenantHandler))(OpenTenant("A shop", "Operator"))
        accounts = await (await self.worker.get(Tenants)).provider_accounts(opened.tenant_id)
        account = public_id(Prefix.PROVIDER_ACCOUNT, accounts[0].id) if accounts else ""
        return Shop(line or InProcess(self.app), opened.tenant_id, opened.api_key, account)

    async def resolve(self, tenant_id: TenantId, operation: str) -> Dossier:
        """Ask the provider about an operation, as the worker does."""
        found = find_id(Prefix.OPERATION, operation)
        assert found is not None
        handler = await self.worker.get(ResolveOperationHandler)
        return await handler(ResolveOperation(OperationId(found)), system_call(tenant_id))

    async def prove(self, tenant_id: TenantId, *, with_providers: bool = True) -> ProofReport:
        """Prove the books of one tenant; those of other tests may be in any state."""
        alone = OneTenant(await self.worker.get(Tenants), tenant_id)
        providers = await self.worker.get(Providers)
        handler = ProveHandler(alone, await self.worker.get(Proof), providers, tuple(CHECKS))
        return await handler(with_providers=with_providers)


class OneTenant(Tenants):
    """Knows one tenant only."""

    def __init__(self, tenants: Tenants, tenant_id: TenantId) -> None:
        self._tenants = tenants
        self._tenant_id = tenant_id

    async def open(self, tenant: NewTenant) -> None:
        raise NotImplementedError

    async def ids(self) -> tuple[TenantId, ...]:
        return (self._tenant_id,)

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        return await self._tenants.provider_accounts(tenant_id)


class TheseProviders(Provider):
    """Puts providers of the test in the place of those that the settings switch on."""

    scope = Scope.APP

    def __init__(self, providers: ProviderSet) -> None:
        super().__init__()
        self._providers = providers

    @provide(override=True)
    def first_accounts(self) -> FirstAccounts:
        names = (manifest.name for manifest in self._providers.manifests())
        return FirstAccounts(tuple(FirstAccount(provider=name, name=name, config={}, credentials={}) for name in names))

    @provide(override=True)
    def providers(self, tenants: Tenants) -> Providers:
        self._providers.tenants = tenants
        return self._providers


def system_call(tenant_id: TenantId) -> Call:
    return Call(tenant_id=tenant_id, actor="system:test", request_id="req_test")


def settings_for(database: Database, **changes: Any) -> Settings:
    """Settings over a database of the tests; without a provider unless `sandbox_url` is given."""
    standard: dict[str, Any] = {
        "secret_key": SECRET_KEY,
        "allowed_hosts": ("api.example.com", "127.0.0.1"),
        "public_url": NOWHERE,
        "database_url": database.application_url,
        "database_owner_url": database.owner_url,
        "sandbox_api_key": API_KEY,
        "sandbox_callback_secrets": (CALLBACK_SECRET,),
    }
    return Settings(**(standard | changes))


@asynccontextmanager
async def serving(settings: Settings, *overrides: Provider) -> AsyncIterator[Service]:
    """Lend a service: the application started as a server starts it, and a worker's container."""
    worker = make_container(settings, *overrides)
    try:
        async with started(make_app(settings, *overrides)) as app:
            yield Service(app, worker)
    finally:
        await worker.close()


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[ASGIApp]:
    """Take an application through its lifespan, so that it closes what it opened."""
    said: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    scope: Any = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.create_task(_run(app, scope, told, said))
    for beginning in ("lifespan.startup", "lifespan.shutdown"):
        await told.put({"type": beginning})
        message = await said.get()
        assert message["type"] == f"{beginning}.complete", message
        if beginning == "lifespan.startup":
            try:
                yield app
            except BaseException:
                running.cancel()
                raise
    await running


async def _run(app: ASGIApp, scope: AsgiScope, told: asyncio.Queue[Any], said: asyncio.Queue[Message]) -> None:
    await app(scope, told.get, said.put)


async def expire_leases(owner_url: str, shop: Shop) -> None:
    """Let half a minute pass for the keys whose first request died."""
    connection = await asyncpg.connect(owner_url)
    try:
        sql = "update fm.idempotency_records set locked_until = now() where tenant_id = $1 and state = 'started'"
        await connection.execute(sql, shop.tenant_id)
    finally:
        await connection.close()
