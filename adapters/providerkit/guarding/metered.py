"""Guards in metrics, by provider: several accounts at one provider are added, and the worst circuit stands for all."""

from typing import Final

from adapters.providerkit.guarding.signs import Sign
from adapters.providerkit.guarding.watching import GuardedAccount, GuardObserver, Refusal
from adapters.telemetry.families import Counter, Histogram
from adapters.telemetry.provider_metrics import Breaker, breaker_state, limited, limiter_state
from application.ports.provider_health import CircuitState
from domain.ids import ProviderAccountId
from domain.manifests import OperationClass

WAIT_BOUNDS: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

EXCHANGES: Final = Counter(
    "mediator_provider_exchanges_total",
    "Requests to providers that ended, by what that says about the provider's health; a decline is `answered`.",
    *("provider", "operation", "sign"),
)
HELD_BACK: Final = Histogram(
    "mediator_provider_held_back_seconds",
    "How long requests waited for their turn before they were sent, in seconds.",
    *("provider", "operation"),
    bounds=WAIT_BOUNDS,
)
MOVES: Final = Counter(
    "mediator_provider_breaker_moves_total",
    "How often a circuit breaker was opened or closed by itself.",
    *("provider", "operation", "state"),
)
ALL: Final = "all"
"""The bulkhead is one for all classes of operations."""

BREAKERS: Final = {
    CircuitState.CLOSED: Breaker.CLOSED,
    CircuitState.HALF_OPEN: Breaker.HALF_OPEN,
    CircuitState.OPEN: Breaker.OPEN,
}
REASONS: Final = {
    Refusal.CIRCUIT: "breaker",
    Refusal.BY_HAND: "by_hand",
    Refusal.RATE: "rate",
    Refusal.PAUSE: "pause",
    Refusal.QUEUE: "concurrency",
}

_Crowd = tuple[int, int, int]


class MeteredGuards(GuardObserver):
    """One for each process."""

    def __init__(self) -> None:
        """Know no account yet."""
        self._circuits: dict[tuple[str, OperationClass], dict[ProviderAccountId, Breaker]] = {}
        self._crowds: dict[str, dict[ProviderAccountId, _Crowd]] = {}

    def exchanged(
        self,
        account: GuardedAccount,
        operation_class: OperationClass,
        sign: Sign,
        *,
        seconds: float,  # noqa: ARG002 -- the kernel measures how long calls take
    ) -> None:
        """Count it."""
        EXCHANGES.add((account.provider, operation_class.value, sign.value))

    def waited(self, account: GuardedAccount, operation_class: OperationClass, *, seconds: float) -> None:
        """Measure it."""
        HELD_BACK.observe((account.provider, operation_class.value), seconds)

    def refused(self, account: GuardedAccount, operation_class: OperationClass, why: Refusal) -> None:
        """Count it."""
        limited(account.provider, operation_class.value, REASONS[why])

    def circuit_moved(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Count it."""
        MOVES.add((account.provider, operation_class.value, state.value))
        self.circuit_stands(account, operation_class, state)

    def circuit_stands(self, account: GuardedAccount, operation_class: OperationClass, state: CircuitState) -> None:
        """Show the worst of the provider's accounts."""
        circuits = self._circuits.setdefault((account.provider, operation_class), {})
        circuits[account.id] = BREAKERS[state]
        breaker_state(account.provider, operation_class.value, max(circuits.values()))

    def crowd_moved(self, account: GuardedAccount, *, under_way: int, waiting: int, limit: int) -> None:
        """Show the sum over the provider's accounts."""
        crowds = self._crowds.setdefault(account.provider, {})
        crowds[account.id] = (limit, under_way, waiting)
        limits, running, waits = (sum(each) for each in zip(*crowds.values(), strict=True))
        limiter_state(account.provider, ALL, limit=limits, running=running, waiting=waits)
