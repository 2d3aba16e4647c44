"""What was decided by hand, as this process knows it: PostgreSQL has the truth, this a copy of half a second."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping

from application.ports.provider_health import Breakers, BreakerSetting
from domain.errors import MediatorError
from domain.ids import ProviderAccountId, TenantId

READ_SECONDS = 0.5
"""How long a reading may take: a payment waits for it."""

_log = logging.getLogger(__name__)


class HandSettings:
    """Reads a tenant's settings at most once in `fresh_seconds`; while they cannot be read, the last ones hold."""

    def __init__(self, breakers: Breakers, *, fresh_seconds: float, clock: Callable[[], float]) -> None:
        """Know nothing yet: everything is `auto` until it is read."""
        self._breakers = breakers
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._accounts: defaultdict[TenantId, set[ProviderAccountId]] = defaultdict(set)
        self._settings: dict[ProviderAccountId, BreakerSetting] = {}
        self._read_at: dict[TenantId, float] = {}
        self._reading: dict[TenantId, asyncio.Task[None]] = {}

    def known(self, account_id: ProviderAccountId) -> BreakerSetting:
        """Give an account's setting."""
        return self._settings.get(account_id, BreakerSetting.AUTO)

    def learn(self, tenant_id: TenantId, settings: Mapping[ProviderAccountId, BreakerSetting]) -> None:
        """Take over settings that were read or written just now."""
        self._accounts[tenant_id] |= settings.keys()
        self._settings.update(settings)

    async def refresh(self, tenant_id: TenantId) -> None:
        """Read a tenant's settings if they are due, once for all who ask meanwhile. Never fails."""
        is_due = self._clock() - self._read_at.get(tenant_id, float("-inf")) >= self._fresh_seconds
        reading = self._reading.get(tenant_id)
        if reading is None and is_due:
            reading = self._reading[tenant_id] = asyncio.create_task(self._read(tenant_id))
        if reading is not None:
            await asyncio.shield(reading)

    async def _read(self, tenant_id: TenantId) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await self._breakers.by_hand(tenant_id)
        except (MediatorError, TimeoutError) as fault:
            _log.warning("provider.breakers_unread %s: the last known settings hold", type(fault).__name__)
        except Exception:  # noqa: BLE001 -- a payment waits behind this reading, and must not fail by it
            _log.exception("provider.breakers_unread")
        else:
            self.learn(tenant_id, dict.fromkeys(self._accounts[tenant_id], BreakerSetting.AUTO) | found)
        finally:
            self._read_at[tenant_id] = self._clock()
            del self._reading[tenant_id]
