"""What callers say and are told of the health of provider accounts."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.provider_health import AccountHealth, BreakerSetting, CircuitHealth, CircuitState
from domain.ids import Prefix, public_id
from domain.manifests import OperationClass
from entrypoints.http.shapes import Instant, utc
from entrypoints.http.words import Line

Seconds = Annotated[float, Meta(ge=0, description="Seconds from now.")]
Count = Annotated[int, Meta(ge=0)]


class BreakerIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the circuit breaker shall do."""

    setting: Annotated[
        BreakerSetting,
        Meta(
            description="open: no new money goes there; closed: nothing is refused; auto: the service decides. "
            "What finishes payments, and questions, are never stopped by hand."
        ),
    ]
    note: Line | UnsetType = UNSET


class BreakerOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided by hand, and by whom; `set_at` is null before anybody decided."""

    setting: BreakerSetting
    note: str | None
    actor: str | None
    set_at: Instant | None


class CircuitOut(msgspec.Struct, frozen=True, kw_only=True):
    """One class of operations.

    State and pause are what all processes know; `calls` and `failures` are those that ended in the last
    `window_seconds` in the process that answers.
    """

    operation_class: OperationClass
    state: CircuitState
    tries_again_in_seconds: Seconds
    paused_seconds: Annotated[float, Meta(ge=0, description="How long the provider wants to be left alone.")]
    calls: Count
    failures: Annotated[int, Meta(ge=0, description="Technical failures; a decline is none.")]
    window_seconds: float


class ProviderHealthOut(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider account is doing. `is_healthy`: new payments are routed there before any that is not."""

    provider_account_id: str
    provider: str
    is_healthy: bool
    breaker: BreakerOut
    circuits: tuple[CircuitOut, ...]
    under_way: Annotated[int, Meta(ge=0, description="Requests from the process that answers.")]
    waiting: Count
    concurrency_limit: Count


def health_out(health: AccountHealth) -> ProviderHealthOut:
    """Tell how an account is doing."""
    breaker = health.breaker
    return ProviderHealthOut(
        provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, breaker.provider_account_id),
        provider=breaker.provider,
        is_healthy=health.is_healthy,
        breaker=BreakerOut(
            setting=breaker.setting,
            note=breaker.note,
            actor=breaker.actor,
            set_at=_utc(breaker.set_at),
        ),
        circuits=tuple(_circuit(one) for one in health.circuits),
        under_way=health.under_way,
        waiting=health.waiting,
        concurrency_limit=health.concurrency_limit,
    )


def _circuit(circuit: CircuitHealth) -> CircuitOut:
    return CircuitOut(
        operation_class=circuit.operation_class,
        state=circuit.state,
        tries_again_in_seconds=round(circuit.tries_again_in_seconds, 3),
        paused_seconds=round(circuit.paused_seconds, 3),
        calls=circuit.calls,
        failures=circuit.failures,
        window_seconds=circuit.window_seconds,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)
