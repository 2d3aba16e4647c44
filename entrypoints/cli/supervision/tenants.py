"""The tenants of a house: the first one of its user, and the one that the demo scenario plays with."""

from dataclasses import replace

import msgspec
from dishka import AsyncContainer

from application.identity.authenticate import AuthenticateHandler
from application.identity.open_tenant import OpenedTenant, OpenTenant, OpenTenantHandler
from application.ledger.prove import ProofReport, ProveHandler
from application.ports.identity import NewTenant, ProviderAccount, Tenants
from application.providers.follow_settings import FollowSettingsHandler
from domain.errors import AUTH_INVALID, MediatorError
from domain.ids import TenantId
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.supervision.ground import Ground
from entrypoints.cli.supervision.secrets import Secrets, keep_secrets
from entrypoints.cli.trouble import CONFIGURATION, Trouble

FIRST = OpenTenant(name="First tenant", operator_name="First operator")
DEMO = OpenTenant(name="Demo scenario", operator_name="Demo scenario")

_FOREIGN_KEYS = (
    "The database has tenants already, and their API keys were made with a SECRET_KEY that is not given. "
    "Set SECRET_KEY to that one."
)


class OneTenant(Tenants):
    """Shows a single tenant, so that a proof looks at that one alone."""

    def __init__(self, tenants: Tenants, tenant_id: TenantId) -> None:
        """Show this one of them."""
        self._tenants = tenants
        self._tenant_id = tenant_id

    async def open(self, tenant: NewTenant) -> None:
        """Open another; it is not shown."""
        await self._tenants.open(tenant)

    async def ids(self) -> tuple[TenantId, ...]:
        """Give the one."""
        return (self._tenant_id,)

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        """Give its provider accounts."""
        return await self._tenants.provider_accounts(tenant_id)


class HouseTenants(msgspec.Struct, frozen=True, kw_only=True):
    """The tenants that a start needs: the user's first, when it was opened just now, and the demo's with its key.

    There is a demo's where the scenario is played, and where it was played at an earlier start.
    """

    first: OpenedTenant | None
    demo: tuple[TenantId, str] | None

    def __repr__(self) -> str:
        """Show no key."""
        return f"HouseTenants(first={self.first!r})"


async def prepare_tenants(container: AsyncContainer, ground: Ground) -> HouseTenants:
    """Open what is missing, and have what is there follow the settings: the simulator has a new port at each start.

    The demo's key is kept in the data folder. Raises Trouble.
    """
    plan, secrets = ground.plan, ground.secrets
    first = None
    if not plan.is_throw_away:
        is_new = not await (await container.get(Tenants)).ids()
        if not is_new and ground.has_foreign_keys:
            raise Trouble(_FOREIGN_KEYS, exit_code=CONFIGURATION)
        if not is_new:
            await (await container.get(FollowSettingsHandler))()
        if is_new:
            first = await open_tenant(container, FIRST)
            secrets = msgspec.structs.replace(secrets, has_opened_tenants=True)
            keep_secrets(plan.folder, secrets)
    demo = await _known_demo_tenant(container, secrets)
    if demo is None and plan.has_demo:
        demo = await _new_demo_tenant(container, plan.folder, secrets)
    return HouseTenants(first=first, demo=demo)


async def open_tenant(container: AsyncContainer, command: OpenTenant) -> OpenedTenant:
    """Open a tenant with its operator and API key."""
    return await (await container.get(OpenTenantHandler))(command)


async def _known_demo_tenant(container: AsyncContainer, secrets: Secrets) -> tuple[TenantId, str] | None:
    known = await _find_tenant_of(container, secrets.demo_api_key) if secrets.demo_api_key else None
    return None if known is None else (known, secrets.demo_api_key)


async def _new_demo_tenant(container: AsyncContainer, folder: DataFolder, secrets: Secrets) -> tuple[TenantId, str]:
    opened = await open_tenant(container, DEMO)
    keep_secrets(folder, msgspec.structs.replace(secrets, demo_api_key=opened.api_key))
    return opened.tenant_id, opened.api_key


async def _find_tenant_of(container: AsyncContainer, api_key: str) -> TenantId | None:
    """Give the tenant that an API key belongs to; None when it opens nothing here."""
    try:
        return (await (await container.get(AuthenticateHandler))(api_key)).tenant_id
    except MediatorError as refusal:
        if refusal.entry is AUTH_INVALID:
            return None
        raise


async def prove_tenant(container: AsyncContainer, tenant_id: TenantId) -> ProofReport:
    """Prove the books of one tenant, its provider's included."""
    prove = await container.get(ProveHandler)
    return await replace(prove, tenants=OneTenant(prove.tenants, tenant_id))()
