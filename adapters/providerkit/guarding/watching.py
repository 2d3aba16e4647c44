"""What a guard tells whoever counts: one call for each thing worth a metric, none of which may raise or wait."""

from enum import StrEnum
from typing import Protocol

import msgspec

from adapters.providerkit.guarding.signs import Sign
from application.ports.provider_health import CircuitState
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import OperationClass


class GuardedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account at which provider is guarded."""

    tenant_id: TenantId
    id: ProviderAccountId
    provider: str


class Refusal(StrEnum):
    """Why a request was not let through."""

    CIRCUIT = "circuit"
    BY_HAND = "by_hand"
    RATE = "rate"
    PAUSE = "pause"
    QUEUE = "queue"


class GuardObserver(Protocol):
    """Watches guards."""

    def exchanged(
        self, account: GuardedAccount, operation_class: OperationClass, sign: Sign, *, seconds: float
    ) -> None:
        """Count an exchange that ended so after so long."""
        ...

    def waited(self, account: GuardedAccount, operation_class: OperationClass, *, seconds: float) -> None:
        """Count how long a request was held back before it was sent."""
        ...

    def refused(self, account: GuardedAccount, operation_class: OperationClass, why: Refusal) -> None:
        """Count a request that was not sent."""
        ...

    def circuit_moved(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Note that this process opened or closed a circuit."""
        ...

    def circuit_stands(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Note how a circuit stands, as all processes know it; told again and again while there are requests."""
        ...

    def crowd_moved(self, account: GuardedAccount, *, under_way: int, waiting: int, limit: int) -> None:
        """Note how many requests are under way, wait, and may be under way at most."""
        ...


class NoObserver(GuardObserver):
    """Counts nothing."""

    def exchanged(
        self, account: GuardedAccount, operation_class: OperationClass, sign: Sign, *, seconds: float
    ) -> None:
        """Do nothing."""

    def waited(self, account: GuardedAccount, operation_class: OperationClass, *, seconds: float) -> None:
        """Do nothing."""

    def refused(self, account: GuardedAccount, operation_class: OperationClass, why: Refusal) -> None:
        """Do nothing."""

    def circuit_moved(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Do nothing."""

    def circuit_stands(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Do nothing."""

    def crowd_moved(self, account: GuardedAccount, *, under_way: int, waiting: int, limit: int) -> None:
        """Do nothing."""
