"""What the kernel that speaks with providers reports about its calls, its protections and its callbacks.

Every word is a label: names of providers, operations and outcomes are ours, from manifests and enums. Anything else is
counted as `other`.
"""

import re
from enum import IntEnum
from typing import Final

from adapters.telemetry.families import Counter, Gauge, Histogram, Merge

CALL_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

CALLS = Counter(
    "mediator_provider_calls_total",
    "Calls to providers that ended, by their outcome.",
    *("provider", "operation", "outcome"),
)
CALL_SECONDS = Histogram(
    "mediator_provider_call_duration_seconds",
    "How long calls to providers took, in seconds.",
    *("provider", "operation"),
    bounds=CALL_BOUNDS,
)
BREAKERS = Gauge(
    "mediator_provider_breaker_state",
    "Circuit breaker: 0 closed, 1 half open, 2 open; the worst of all processes.",
    *("provider", "operation"),
    merge=Merge.WORST,
)
CONCURRENCY = Gauge(
    "mediator_provider_concurrency_limit",
    "Calls that may run at once, by the adaptive limit; of all processes together.",
    *("provider", "operation"),
)
RUNNING = Gauge("mediator_provider_calls_in_flight", "Calls to providers that run.", "provider", "operation")
WAITING = Gauge("mediator_provider_calls_waiting", "Calls that wait for their turn.", "provider", "operation")
LIMITED = Counter(
    "mediator_provider_calls_limited_total",
    "Calls that were not sent because of our own protections.",
    *("provider", "operation", "reason"),
)
CALLBACKS = Counter("mediator_callbacks_total", "Callbacks that came, by what became of them.", "provider", "result")

_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,39}\Z", re.ASCII)
OTHER: Final = "other"


class Breaker(IntEnum):
    """The state of a circuit breaker."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


def observe_call(provider: str, operation: str, outcome: str, seconds: float) -> None:
    """Count a call that ended: `outcome` as in `domain.providers` (`succeeded`, `unknown`, `not_sent`, ...)."""
    labels = (_word(provider), _word(operation))
    CALLS.add((*labels, _word(outcome)))
    CALL_SECONDS.observe(labels, seconds)


def breaker_state(provider: str, operation: str, state: Breaker) -> None:
    """Say how a circuit breaker stands now."""
    BREAKERS.set((_word(provider), _word(operation)), float(state))


def limiter_state(provider: str, operation: str, *, limit: float, running: int, waiting: int) -> None:
    """Say how the adaptive concurrency stands now: how many calls may run, do run, and wait."""
    labels = (_word(provider), _word(operation))
    CONCURRENCY.set(labels, limit)
    RUNNING.set(labels, running)
    WAITING.set(labels, waiting)


def limited(provider: str, operation: str, reason: str) -> None:
    """Count a call that our own protections kept back: `reason` is `rate`, `concurrency`, `breaker` or `deadline`."""
    LIMITED.add((_word(provider), _word(operation), _word(reason)))


def callback(provider: str, result: str) -> None:
    """Count a callback: `received`, `duplicate`, `refused` (its signature) or `unreadable`.

    `provider` must be one that is switched on: what stands in a path was written by anybody.
    """
    CALLBACKS.add((_word(provider), _word(result)))


def _word(text: str) -> str:
    return text if _WORD.match(text) else OTHER
