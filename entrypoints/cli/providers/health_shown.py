"""How the health of provider accounts is printed."""

from collections.abc import Iterator, Sequence

import msgspec
from rich.table import Table

from application.ports.provider_health import AccountHealth, CircuitHealth
from domain.ids import Prefix, public_id
from entrypoints.cli.ledger.showing import grid, instant


def health_shown(health: AccountHealth) -> dict[str, object]:
    """Show an account's health to programs."""
    shown: dict[str, object] = msgspec.to_builtins(health)
    shown["breaker"] = {**msgspec.to_builtins(health.breaker), "provider_account_id": _account(health)}
    return shown


def health_tables(healths: Sequence[AccountHealth]) -> Iterator[Table]:
    """Show accounts to people, and their circuits."""
    yield grid(
        "Provider accounts",
        ("Account", "Provider", "Healthy", "Breaker", "Set by", "Set at", "Note"),
        [_row(one) for one in healths],
    )
    yield grid(
        "Circuits",
        ("Account", "Class", "State", "Tries again in", "Paused for"),
        [(_account(one), *_circuit(circuit)) for one in healths for circuit in one.circuits],
        right=("Tries again in", "Paused for"),
    )


def _row(health: AccountHealth) -> tuple[object, ...]:
    breaker = health.breaker
    healthy = "yes" if health.is_healthy else "no"
    return (
        _account(health),
        breaker.provider,
        healthy,
        breaker.setting,
        breaker.actor or "",
        instant(breaker.set_at),
        breaker.note or "",
    )


def _circuit(circuit: CircuitHealth) -> tuple[object, ...]:
    return (
        circuit.operation_class,
        circuit.state.replace("_", " "),
        _seconds(circuit.tries_again_in_seconds),
        _seconds(circuit.paused_seconds),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else ""


def _account(health: AccountHealth) -> str:
    return public_id(Prefix.PROVIDER_ACCOUNT, health.breaker.provider_account_id)
