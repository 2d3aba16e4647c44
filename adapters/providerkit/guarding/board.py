"""The guards of all provider accounts of a process, and what is known of their health."""

import asyncio
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic

from adapters.providerkit.guarding.account import AccountGuard, GuardRules, Surroundings
from adapters.providerkit.guarding.falling_back import FallingBack
from adapters.providerkit.guarding.hand import HandSettings
from adapters.providerkit.guarding.records import MICROSECONDS, Standing
from adapters.providerkit.guarding.sharing import LocalRecords, Place, SharedRecords
from adapters.providerkit.guarding.watching import GuardedAccount, GuardObserver, NoObserver
from application.ports.provider_health import (
    AccountHealth,
    Breakers,
    BreakerSetting,
    CircuitHealth,
    CircuitState,
    ProviderHealth,
    StoredBreaker,
)
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import OperationClass, ProviderManifest

FRESH_SECONDS = 0.5
"""How old what this process knows of an account may be."""

PAUSE_UNHEALTHY = MICROSECONDS
"""An account that is paused for longer than this takes no new money now, though its circuit is closed."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ProviderHealthBoard(ProviderHealth):
    """One for each process.

    `guard` gives the guard of an account, the same one each time; `refresh` and each exchange bring what is known of it
    up to date; `is_healthy` answers from that at once.
    """

    def __init__(
        self,
        breakers: Breakers,
        shared: SharedRecords | None,
        *,
        processes: int = 1,
        rules: GuardRules | None = None,
        observer: GuardObserver | None = None,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = _utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Share records with other processes, or be alone; `processes` share each rate while that cannot be."""
        self._records = FallingBack(shared, LocalRecords(processes=processes, clock=clock))
        self._hand = HandSettings(breakers, fresh_seconds=FRESH_SECONDS, clock=clock)
        self._rules = rules or GuardRules()
        self._around = Surroundings(clock=clock, now=now, chance=chance, observer=observer or NoObserver())
        self._guards: dict[ProviderAccountId, AccountGuard] = {}
        self._refreshed_at: dict[ProviderAccountId, float] = {}

    def guard(self, tenant_id: TenantId, account_id: ProviderAccountId, manifest: ProviderManifest) -> AccountGuard:
        """Give the account's guard, which from now on keeps to this manifest's rates."""
        guard = self._guards.get(account_id)
        if guard is None:
            account = GuardedAccount(tenant_id=tenant_id, id=account_id, provider=manifest.name)

            async def setting() -> BreakerSetting:
                await self.refresh(tenant_id, (account_id,))
                return self._hand.known(account_id)

            guard = AccountGuard(account, self._records, setting, rules=self._rules, around=self._around)
            self._guards[account_id] = guard
        guard.rates = {rule.operation_class: rule for rule in manifest.rate_limits}
        return guard

    def is_healthy(self, account_id: ProviderAccountId) -> bool:
        """Whether new money would be let through now, as far as this process knows; half open counts as healthy."""
        match self._hand.known(account_id):
            case BreakerSetting.OPEN:
                return False
            case BreakerSetting.CLOSED:
                return True
            case BreakerSetting.AUTO:
                known = self._records.known(Place(account_id, OperationClass.MONEY))
                return not (known.is_open and (known.opens_in or known.probing)) and known.paused <= PAUSE_UNHEALTHY

    async def refresh(self, tenant_id: TenantId, accounts: Iterable[ProviderAccountId]) -> None:
        """Learn what other processes and people decided, unless that was done just now. Never fails."""
        now = self._around.clock()
        due = [one for one in accounts if now - self._refreshed_at.get(one, float("-inf")) >= FRESH_SECONDS]
        self._refreshed_at.update(dict.fromkeys(due, now))
        looks = (self._look(one, each) for one in due for each in OperationClass)
        await asyncio.gather(self._hand.refresh(tenant_id), *looks)

    async def of(self, tenant_id: TenantId, breaker: StoredBreaker) -> AccountHealth:
        """Tell how an account is doing."""
        account_id = breaker.provider_account_id
        seen = {each: await self._look(account_id, each) for each in OperationClass}
        self._hand.learn(tenant_id, {account_id: breaker.setting})
        guard = self._guards.get(account_id)
        return AccountHealth(
            breaker=breaker,
            is_healthy=self.is_healthy(account_id),
            circuits=tuple(self._circuit(each, seen[each], guard) for each in OperationClass),
            under_way=guard.crowd.under_way if guard else 0,
            waiting=guard.crowd.waiting if guard else 0,
            concurrency_limit=guard.crowd.limit if guard else self._rules.concurrency.first,
        )

    async def _look(self, account_id: ProviderAccountId, operation_class: OperationClass) -> Standing:
        seen = await self._records.look(Place(account_id, operation_class))
        guard = self._guards.get(account_id)
        if guard is not None:
            self._around.observer.circuit_stands(guard.account, operation_class, state_of(seen))
        return seen

    def _circuit(self, operation_class: OperationClass, seen: Standing, guard: AccountGuard | None) -> CircuitHealth:
        calls, failures = guard.window(operation_class) if guard else (0, 0)
        return CircuitHealth(
            operation_class=operation_class,
            state=state_of(seen),
            tries_again_in_seconds=seen.opens_in / MICROSECONDS,
            paused_seconds=seen.paused / MICROSECONDS,
            calls=calls,
            failures=failures,
            window_seconds=self._rules.breaker.window_seconds,
        )


def state_of(seen: Standing) -> CircuitState:
    """Give the state of a circuit as of now."""
    if not seen.is_open:
        return CircuitState.CLOSED
    return CircuitState.OPEN if seen.opens_in else CircuitState.HALF_OPEN
