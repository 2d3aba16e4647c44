"""Remembers for half a second what is in force, so that a change is true in every process within one."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from application.ports.provider_accounts import AccountInForce, AccountsInForce
from domain.ids import ProviderAccountId, TenantId

FRESH_SECONDS = 0.5
TENANTS_MAX = 4_096
"""How many tenants' accounts one process keeps in mind; the one that was asked for longest ago is forgotten first."""

Key = TypeVar("Key")
Value = TypeVar("Value")

Accounts = dict[ProviderAccountId, AccountInForce]


class Recent(Generic[Key, Value]):
    """A dictionary that keeps what was asked for most recently."""

    def __init__(self, size_max: int) -> None:
        """Keep so many."""
        self._size_max = size_max
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def find(self, key: Key) -> Value | None:
        """Give what is kept under a key; None when nothing is."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: Key, value: Value) -> Value:
        """Keep it, and forget what was asked for longest ago."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._size_max:
            self._kept.popitem(last=False)
        return value


class _Seen:
    """What was read of one tenant, and when the reading began."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.readings = 0
        self.began_at = float("-inf")
        self.accounts: Accounts = {}


class RecentlyInForce:
    """Asks at most twice a second for each tenant, however many ask here at once."""

    def __init__(self, source: AccountsInForce, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read from this source; `clock` gives seconds that never go back."""
        self._source = source
        self._clock = clock
        self._tenants: Recent[TenantId, _Seen] = Recent(TENANTS_MAX)

    async def accounts(self, tenant_id: TenantId, *, anew: bool = False) -> Accounts:
        """Give all accounts of a tenant as they were half a second ago or later. One that has none is asked anew.

        `anew`: only a reading that begins from now on will do.
        """
        return await self._read(tenant_id, lambda seen: not anew and bool(seen.accounts) and self._is_fresh(seen))

    async def find(
        self, tenant_id: TenantId, account_id: ProviderAccountId, *, anew: bool = False
    ) -> AccountInForce | None:
        """Find an account; one that is not known yet is asked for at once, as it may have been connected just now.

        `anew`: only a reading that begins from now on will do.
        """
        accounts = await self._read(
            tenant_id, lambda seen: not anew and account_id in seen.accounts and self._is_fresh(seen)
        )
        return accounts.get(account_id)

    async def _read(self, tenant_id: TenantId, suffices: Callable[[_Seen], bool]) -> Accounts:
        seen = self._tenants.find(tenant_id) or self._tenants.keep(tenant_id, _Seen())
        if suffices(seen):
            return seen.accounts
        before = seen.readings
        async with seen.lock:
            # A reading that began after this was asked is an answer, whatever it found.
            if not suffices(seen) and seen.readings == before:
                began_at = self._clock()
                seen.readings += 1
                accounts = {one.id: one for one in await self._source.in_force(tenant_id)}
                seen.began_at, seen.accounts = began_at, accounts
            return seen.accounts

    def _is_fresh(self, seen: _Seen) -> bool:
        return self._clock() - seen.began_at < FRESH_SECONDS
